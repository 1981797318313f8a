-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a long text again and again

local text = "[" .. ("1,"):rep(9000) .. "1]"
while true do
	json.decode(text)
end
