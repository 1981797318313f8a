-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: numbers of a thousand digits in JSON

local text = "[0." .. ("0"):rep(280) .. ("123456789"):rep(80) .. "]"
while true do
	json.decode(text)
end
