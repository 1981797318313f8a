-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: gmatch of a pattern that fails late at every place

local s = ("ab"):rep(5000)
while true do
	for x in s:gmatch("[ab]*c") do end
end
