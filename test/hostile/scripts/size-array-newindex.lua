-- outcome: limit_exceeded max_array_size 1000
-- limits: max_array_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: elements that __newindex sends to another table

local other = {}
local t = setmetatable({}, { __newindex = other })
for i = 1, 1001 do
	t[i] = i
end
return "survived"
