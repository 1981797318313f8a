-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: texts of a thousand digits that are read as numbers at every step

local s = "0." .. ("0"):rep(280) .. ("123456789"):rep(80)
while true do
	local x = s + 0
end
