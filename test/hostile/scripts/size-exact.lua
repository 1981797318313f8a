-- outcome: ok 200 1000 1000 10000
-- limits: max_map_size=1000 max_array_size=1000 max_string_size=10000
-- why: exactly as large as allowed

local a, m = {}, {}
for i = 1, 1000 do
	a[i] = i
	m["k" .. i] = i
end
local n = 0
for k in pairs(m) do
	n = n + 1
end
return #a .. " " .. n .. " " .. #("x"):rep(10000)
