-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: logging long lines without end, when none is passed on any more

local s = ("x"):rep(200000)
while true do
	log.warn(s, s, s)
end
