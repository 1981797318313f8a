-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: %b looks for its end at every place

local s = ("("):rep(20000)
while true do
	s:find("%b()x")
end
