-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: wide fields and long arguments

local s = ("x"):rep(10000)
while true do
	string.format("%99.99f %-99s %99d %q %s", 1e300, s, -1, s, s)
end
