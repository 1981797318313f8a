-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: string.byte of thousands of bytes

local s = ("x"):rep(7000)
while true do
	s:byte(1, -1)
end
