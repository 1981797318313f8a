-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: an empty match at each of 100000 places

local s = ("x"):rep(100000)
while true do
	s:gsub("", "")
end
