-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: a chain of 90 __newindex tables is walked at a price

local t = {}
for i = 1, 90 do
	t = setmetatable({}, { __newindex = t })
end
while true do
	t.x = nil
end
