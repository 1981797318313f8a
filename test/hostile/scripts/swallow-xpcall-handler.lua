-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: an error handler does not run for a limit, and has no operations of its own

local calls = 0
while true do
	xpcall(function() while true do end end, function() calls = calls + 1 while true do end end)
end
