-- outcome: limit_exceeded max_array_size 1000
-- limits: max_array_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: rawset one after the other

local t = setmetatable({}, { __newindex = function() end })
for i = 1, 1001 do
	rawset(t, i, i)
end
return "survived"
