-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: numbers that are long as text

local t = {}
for i = 1, 5000 do
	t[i] = 5e-324 * i
end
while true do
	json.encode(t)
end
