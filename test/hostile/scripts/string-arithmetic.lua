-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: numbers as strings in arithmetic

local s = "2.2250738585072011e-308"
while true do
	local x = s + s * s - s / s ^ s
end
