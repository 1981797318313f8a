-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: keys that a weak hash would put into one chain

local t = {}
while true do
	for i = 1, 4000 do
		t[i * 2 ^ 40] = i
		t[-i / 2 ^ 30] = i
	end
	t = {}
end
