-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: thousands of values are handed over at each resume

local t = {}
for i = 1, 5000 do
	t[i] = i
end
local co = coroutine.wrap(function(...) while true do coroutine.yield(...) end end)
co(unpack(t))
while true do
	local x = co(unpack(t))
end
