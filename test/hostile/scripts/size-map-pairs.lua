-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: a table that grows while it is gone through

local t = { a = 1 }
for i = 1, 2000 do
	for k in pairs(t) do
		t["k" .. i] = 1
	end
end
return "survived"
