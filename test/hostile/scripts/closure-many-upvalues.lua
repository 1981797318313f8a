-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a closure that captures two hundred variables of the closure around it
-- repeat: 180 ", a%d"
-- repeat: 180 "a%d = 1 "
-- repeat: 180 " + a%d"

local a0 @1 = 1
@2
local function outer()
	local x = a0 @3
	while true do
		local f = function()
			local x = a0 @3
		end
	end
end
outer()
