-- outcome: limit_exceeded max_string_size 262144
-- why: the platform's own max_string_size, reached by doubling under pcall

local s = "x"
while true do
	pcall(function() s = s .. s end)
end
