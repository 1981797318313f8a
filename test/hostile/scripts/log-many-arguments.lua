-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: thousands of arguments in one line

local t = {}
for i = 1, 7000 do
	t[i] = i
end
while true do
	print(unpack(t))
end
