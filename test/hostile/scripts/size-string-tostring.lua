-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: __tostring that gives back more each time

local s = "x"
local t = setmetatable({}, { __tostring = function() s = s .. s return s end })
while true do
	pcall(tostring, t)
end
