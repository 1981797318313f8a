-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: position captures at every place

local s = ("x"):rep(1000)
while true do
	s:gsub(("()"):rep(20), "")
end
