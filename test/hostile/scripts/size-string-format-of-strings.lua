-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: each argument is allowed, all together are not

local s = ("x"):rep(6000)
return tostring(pcall(string.format, "%s%s", s, s))
