-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a format of a hundred thousand percent signs

local format = ("%%"):rep(100000)
while true do
	string.format(format)
end
