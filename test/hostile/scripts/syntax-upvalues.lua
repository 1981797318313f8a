-- outcome: invalid_script 11 uses
-- why: more than 255 captured variables
-- repeat: 150 "a%d, "
-- repeat: 150 "b%d, "
-- repeat: 150 "a%d + "
-- repeat: 150 "b%d + "

local @1 f0
local function outer()
	local @2 g0
	return function()
		return @3 @4 0
	end
end
