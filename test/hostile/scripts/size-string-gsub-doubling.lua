-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: a string that doubles until it is too long

local s = "x"
while true do
	s = pcall(string.gsub, s, "x", "xx") and s:gsub("x", "xx") or s
end
