-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: control characters become six bytes each

local s = ("\1"):rep(20000)
while true do
	json.encode(s)
end
