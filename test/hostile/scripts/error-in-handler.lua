-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a handler that fails, again and again

while true do
	xpcall(error, function(e) error(e) end)
end
