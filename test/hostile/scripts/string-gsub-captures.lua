-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a replacement that names the captures a thousand times

local s, by = ("x"):rep(100), ("%0"):rep(1000)
while true do
	s:gsub("(x+)", by)
end
