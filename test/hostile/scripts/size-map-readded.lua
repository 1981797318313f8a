-- outcome: ok 200 done
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: keys that are deleted and added again, and others in their place, do not pile up

local t = {}
for i = 1, 100000 do
	t["k" .. i] = i
	t["k" .. i] = nil
end
return "done"
