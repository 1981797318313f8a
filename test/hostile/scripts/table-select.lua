-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: select goes over all its arguments

local t = {}
for i = 1, 7000 do
	t[i] = i
end
local function count(...)
	for i = 1, select("#", ...) do
		local x = (select(i, ...))
	end
end
while true do
	count(unpack(t))
end
