-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: a long result of __concat joins a long operand

local s = ("x"):rep(6000)
local t = setmetatable({}, { __concat = function() return s end })
return tostring(pcall(function() return s .. t .. t end)) .. tostring(pcall(function() return s .. (t .. t) end))
