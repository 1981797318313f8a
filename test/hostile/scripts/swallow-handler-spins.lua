-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: the limit is reached in an error handler

while true do
	xpcall(error, function() while true do end end)
end
