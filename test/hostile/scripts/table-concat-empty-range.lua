-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: concat of a range of empty strings

local t = {}
for i = 1, 9000 do
	t[i] = ""
end
while true do
	table.concat(t)
end
