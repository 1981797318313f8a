-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000 max_array_size=100000
-- why: inserting at the front moves all elements

local t = {}
while true do
	table.insert(t, 1, 0)
end
