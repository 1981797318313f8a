-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: numbers become text at every step

local s = ""
while true do
	s = 1.1 .. 2.2 .. 3.3 .. 4.4 .. 1e300 .. 0.1
end
