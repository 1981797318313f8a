-- outcome: limit_exceeded max_call_levels 1000
-- limits: max_call_levels=1000
-- why: a thousand levels with two hundred variables each
-- repeat: 190 ", a%d"

local function f(n)
	local a @1 = n
	return 1 + f(n + 1)
end
f(1)
