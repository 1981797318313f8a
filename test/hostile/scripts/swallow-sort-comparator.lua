-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: the limit is reached in a comparison function

while true do
	pcall(table.sort, { 3, 2, 1 }, function() while true do end end)
end
