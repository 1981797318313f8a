-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: maxn and getn of a large table

local t = {}
for i = 1, 9000 do
	t[i] = i
end
while true do
	table.maxn(t)
	table.getn(t)
end
