-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: the same in math.fmod

local a, b = 1.7e308, 5e-324 * 3
while true do
	math.fmod(a, b)
end
