-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: arguments double at every call

local function twice(...)
	local a = { ... }
	local n = #a
	for i = 1, n do
		a[n + i] = a[i]
	end
	return (twice(unpack(a)))
end
while true do
	pcall(twice, 1, 2)
end
