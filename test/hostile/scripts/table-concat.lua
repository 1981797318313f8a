-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: concat of a large table again and again

local t = {}
for i = 1, 5000 do
	t[i] = "xxxxxxxxxxxxxxxx"
end
while true do
	table.concat(t, ", ")
end
