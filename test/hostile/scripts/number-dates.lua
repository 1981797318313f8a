-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: dates and times

while true do
	os.date("*t") os.date("%c %x %X %p", 1e9) os.time({ year = 2000, month = 1e5, day = -1e5 }) os.clock()
end
