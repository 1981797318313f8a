-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: numbers become text within a concatenation

local s = ("x"):rep(9990)
return tostring(pcall(function() return s .. 1 / 3 end))
