-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: tonumber of texts of a thousand digits

local s = "0." .. ("0"):rep(280) .. ("123456789"):rep(80)
while true do
	tonumber(s)
end
