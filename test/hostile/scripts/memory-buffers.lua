-- outcome: limit_exceeded memory_limit_mb 24
-- limits: memory_limit_mb=24 max_operations=100000000 max_array_size=10000000 max_map_size=10000000 max_string_size=67108864
-- why: a gsub whose result grows

local s = ("x"):rep(1000)
while true do
	s = s:gsub("x", "xx")
end
