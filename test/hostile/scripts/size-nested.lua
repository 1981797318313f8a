-- outcome: ok 200 done
-- limits: max_map_size=10 max_array_size=1000
-- why: the limits are for each table: many small ones are allowed

local t = {}
for i = 1, 1000 do
	t[i] = { a = { b = { i } } }
end
return "done"
