-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: a coroutine that is resumed for ever has no operations of its own

local co = coroutine.wrap(function() while true do coroutine.yield() end end)
while true do
	pcall(co)
end
