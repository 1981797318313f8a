-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000 max_call_levels=128
-- why: coroutines that each need a large stack
-- repeat: 190 ", a%d"

local function f(n)
	local a @1 = n
	if n > 0 then
		return 1 + f(n - 1)
	end
	return 1
end
while true do
	coroutine.wrap(f)(120)
end
