-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a comparison function that empties and fills the table meanwhile

while true do
	local t = {}
	for i = 1, 500 do
		t[i] = i
	end
	pcall(table.sort, t, function(a, b)
		t[#t] = nil
		t[#t + 1] = 1
		t[#t + 1] = 1
		return (a or 0) < (b or 0)
	end)
end
