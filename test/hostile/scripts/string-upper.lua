-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: upper, lower, reverse, byte and char of long strings

local s = ("x"):rep(200000)
while true do
	s:upper() s:lower() s:reverse() s:byte(1, 7000) string.char(s:byte(1, 7000))
end
