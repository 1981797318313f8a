-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: many operands in one concatenation

local s = ("x"):rep(3000)
return tostring(pcall(function() return s .. s .. s .. s end))
