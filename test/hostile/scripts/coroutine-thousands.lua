-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: coroutines are made without end and all kept

local kept = {}
while true do
	local co = coroutine.create(function() coroutine.yield() end)
	coroutine.resume(co)
	kept[#kept % 500 + 1] = co
end
