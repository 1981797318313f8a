-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: the limit is reached in an iterator

while true do
	pcall(function() for x in function() while true do end end do end end)
end
