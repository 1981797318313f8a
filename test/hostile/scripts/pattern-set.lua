-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a set of ten thousand characters is gone through at every place

local set = "[" .. ("a"):rep(10000) .. "]"
while true do
	(("b"):rep(1000)):find(set)
end
