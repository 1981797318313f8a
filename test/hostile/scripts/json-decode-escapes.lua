-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a long string of escapes

local text = '"' .. ("\\u0041\\ud83d\\ude00\\n"):rep(10000) .. '"'
while true do
	json.decode(text)
end
