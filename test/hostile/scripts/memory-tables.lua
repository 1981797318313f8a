-- outcome: limit_exceeded memory_limit_mb 24
-- limits: memory_limit_mb=24 max_operations=100000000 max_array_size=10000000 max_map_size=10000000
-- why: small tables that are all kept

local kept = {}
for i = 1, 5000000 do
	kept[i] = { i }
end
return "survived"
