-- outcome: ok 200 done
-- limits: memory_limit_mb=24 max_operations=100000000 max_array_size=100000
-- why: sequences that nobody has any more are collected in time

for i = 1, 40 do
	local t = {}
	for j = 1, 90000 do
		t[j] = true
	end
end
return "done"
