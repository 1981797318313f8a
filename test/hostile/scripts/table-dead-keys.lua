-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: next walks over thousands of keys that are gone

local t = {}
for i = 1, 9000 do
	t["k" .. i] = i
end
for i = 1, 9000 do
	t["k" .. i] = nil
end
while true do
	next(t)
	for k in pairs(t) do end
end
