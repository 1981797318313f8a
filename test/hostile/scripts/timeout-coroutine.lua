-- outcome: timeout 200
-- limits: timeout_ms=200 max_operations=1000000000000
-- why: a coroutine that is resumed for ever

local co = coroutine.wrap(function() while true do coroutine.yield() end end)
while true do
	co()
end
