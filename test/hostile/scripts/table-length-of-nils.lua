-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: #t walks back over nils at the end

local t = {}
for i = 1, 9000 do
	t[i] = i
end
for i = 9000, 2, -1 do
	t[i] = nil
end
while true do
	local n = #t
end
