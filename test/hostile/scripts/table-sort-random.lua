-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a comparison function that says anything

local t = {}
for i = 1, 5000 do
	t[i] = i
end
while true do
	table.sort(t, function() return math.random() < 0.5 end)
end
