-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: coroutines are made without end and thrown away

while true do
	coroutine.wrap(function() end)()
end
