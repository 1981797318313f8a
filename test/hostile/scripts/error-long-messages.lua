-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: long messages that are caught

local s = ("x"):rep(100000)
while true do
	pcall(error, s)
	pcall(assert, false, s)
	pcall(function() local x = ctx[s][s] end)
	pcall(function() return s() end)
	pcall(function() return s + 1 end)
end
