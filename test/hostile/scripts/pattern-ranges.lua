-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a set of thousands of ranges

local set = "[^" .. ("b-z"):rep(3000) .. "]*c"
while true do
	(("a"):rep(1000)):find(set)
end
