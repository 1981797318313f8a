-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: fractions and infinities

local t = { [1 / 0] = 1, [-1 / 0] = 2 }
for i = 1, 999 do
	t[i + 0.5] = i
end
return "survived"
