-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: tables, functions and booleans as keys

local t = { [true] = 1, [false] = 2, [print] = 3 }
for i = 1, 998 do
	t[{}] = i
end
return "survived"
