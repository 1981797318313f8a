-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a long format for a date

local format = ("%c"):rep(5000)
while true do
	os.date(format, 0)
end
