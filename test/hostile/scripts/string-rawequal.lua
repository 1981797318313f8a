-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: rawequal of long strings

local a, b = ("x"):rep(200000), ("x"):rep(100000)
b = b .. b
while true do
	rawequal(a, b)
end
