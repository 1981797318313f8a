-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: two hundred variables that are set to nil at once
-- repeat: 190 ", a%d"

while true do
	local a0 @1
end
