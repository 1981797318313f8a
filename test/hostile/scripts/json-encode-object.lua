-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: an object of thousands of keys is sorted

local t = {}
for i = 1, 5000 do
	t["key" .. i * 7919 % 5003] = i
end
while true do
	json.encode(t)
end
