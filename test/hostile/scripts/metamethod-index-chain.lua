-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: a chain of 90 __index tables is walked at a price

local t = {}
for i = 1, 90 do
	t = setmetatable({}, { __index = t })
end
while true do
	local x = t.missing
end
