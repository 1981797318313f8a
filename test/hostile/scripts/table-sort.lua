-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: sorting without end

local t = {}
while true do
	for i = 1, 5000 do
		t[i] = i * 7919 % 5003
	end
	table.sort(t)
end
