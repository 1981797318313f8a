-- outcome: limit_exceeded max_array_size 1000
-- limits: max_array_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: in a coroutine that is resumed for each element

local t = {}
local co = coroutine.wrap(function()
	while true do
		t[#t + 1] = 1
		coroutine.yield()
	end
end)
while true do
	pcall(co)
end
