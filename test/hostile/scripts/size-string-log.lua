-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: a log line made of many allowed values

local s = ("x"):rep(6000)
local ok = pcall(print, s, s)
s = s .. s
return "survived"
