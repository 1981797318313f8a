-- outcome: ok 200 done
-- limits: memory_limit_mb=24 max_operations=100000000 max_array_size=10000000 max_map_size=10000000
-- why: garbage is collected in time

for i = 1, 3000 do
	local s = ("x"):rep(200000) .. i
end
return "done"
