-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: pieces that are allowed, joined

local t = {}
for i = 1, 1001 do
	t[i] = "0123456789"
end
return tostring(pcall(table.concat, t))
