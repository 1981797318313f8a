-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: upper does not make it longer: what is too long is the concatenation

local s = ("x"):rep(9000):upper()
return tostring(pcall(function() return s .. s:lower() end))
