-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: one byte too many by rep

return tostring(pcall(string.rep, "x", 10001))
