-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: unpack of as much as there may be

local t = {}
for i = 1, 7000 do
	t[i] = i
end
while true do
	local n = select("#", unpack(t))
end
