-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: string.char and math.max of thousands of values

local t = {}
for i = 1, 7000 do
	t[i] = 65
end
while true do
	string.char(unpack(t))
	math.max(unpack(t))
end
