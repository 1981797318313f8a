-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a plain search in a long string is charged by its length

local s = ("a"):rep(200000)
while true do
	s:find("b", 1, true)
end
