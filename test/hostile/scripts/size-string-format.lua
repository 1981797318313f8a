-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: wide fields, a hundred bytes each

local format, t = ("%99d "):rep(101), {}
for i = 1, 101 do
	t[i] = i
end
return tostring(pcall(string.format, format, unpack(t)))
