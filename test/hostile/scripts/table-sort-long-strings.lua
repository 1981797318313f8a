-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: sorting strings that differ at their ends only

local t = {}
while true do
	for i = 1, 20 do
		t[i] = ("x"):rep(10000) .. (i * 7 % 20)
	end
	table.sort(t)
end
