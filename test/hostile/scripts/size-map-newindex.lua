-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: keys that __newindex sends to another table

local other = {}
local t = setmetatable({}, { __newindex = setmetatable({}, { __newindex = other }) })
for i = 1, 1001 do
	t["k" .. i] = i
end
return "survived"
