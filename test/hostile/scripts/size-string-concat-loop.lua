-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: a string that grows in a loop under pcall

local s = ""
while true do
	pcall(function() s = s .. "0123456789" end)
end
