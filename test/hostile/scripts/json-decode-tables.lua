-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: thousands of empty arrays and objects

local text = "[" .. ("[],{},"):rep(4000) .. "0]"
while true do
	json.decode(text)
end
