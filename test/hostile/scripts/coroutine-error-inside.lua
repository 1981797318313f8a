-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: errors in coroutines are caught at a price

while true do
	coroutine.resume(coroutine.create(error), ("x"):rep(1000))
end
