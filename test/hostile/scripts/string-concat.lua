-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a long string is copied at every step

local s, t = ("x"):rep(100000), ""
while true do
	t = s .. s .. "x"
end
