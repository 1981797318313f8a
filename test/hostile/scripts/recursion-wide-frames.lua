-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: calls and returns of functions with two hundred variables
-- repeat: 190 ", a%d"

local function f(n)
	local a @1
	if n > 0 then
		return 1 + f(n - 1)
	end
	return 1
end
while true do
	f(50)
end
