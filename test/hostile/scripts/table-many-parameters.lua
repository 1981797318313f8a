-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a function of two hundred parameters that is called with none
-- repeat: 190 ", a%d"

local function f(a0 @1) end
while true do
	f()
end
