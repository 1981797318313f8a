-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: numbers with thousands of digits behind the point

local text = "[" .. ("0." .. ("1"):rep(1000) .. ","):rep(200) .. "1]"
while true do
	json.decode(text)
end
