-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: removing at the front moves all elements

while true do
	local t = {}
	for i = 1, 5000 do
		t[i] = i
	end
	for i = 1, 5000 do
		table.remove(t, 1)
	end
end
