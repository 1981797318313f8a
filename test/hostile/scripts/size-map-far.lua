-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: whole numbers far beyond a sequence

local t = {}
for i = 1, 1001 do
	t[2 ^ 40 + i] = i
end
return "survived"
