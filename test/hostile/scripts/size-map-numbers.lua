-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: numbers that are no part of a sequence

local t = {}
for i = 1, 1001 do
	t[-i] = i
end
return "survived"
