-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: closures over variables of the function itself, two hundred at a time
-- repeat: 150 ", a%d"
-- repeat: 150 " + a%d"

local a0 @1 = 1
while true do
	local f = function()
		local x = a0 @2
	end
end
