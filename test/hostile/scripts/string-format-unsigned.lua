-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: many conversions in one format

local format = ("%u%x%o"):rep(1000)
local t = {}
for i = 1, 3000 do
	t[i] = i
end
while true do
	string.format(format, unpack(t))
end
