-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: globals are keys of a table, too

for i = 1, 1001 do
	_G["k" .. i] = i
end
return "survived"
