-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: as many bytes as a number can say: no memory is taken

return tostring(pcall(string.rep, ("x"):rep(10000), 2 ^ 52))
