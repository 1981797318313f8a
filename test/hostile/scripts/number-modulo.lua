-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a remainder whose quotient has two thousand bits

local a, b = 1.7e308, 5e-324 * 3
while true do
	local x = a % b
end
