-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: rawset past __newindex

local t = setmetatable({}, { __newindex = error })
for i = 1, 1001 do
	rawset(t, "k" .. i, i)
end
return "survived"
