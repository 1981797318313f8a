-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: ninety-nine digits of the largest and of the smallest number

while true do
	string.format("%.99f%.99f%.99e%.99e%.99g", 1.7e308, -1.7e308, 5e-324, 1.7e308, 5e-324)
end
