-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: the position before a message

return tostring(pcall(error, ("x"):rep(9999) .. "y")) .. tostring(pcall(function() error(("x"):rep(10000)) end))
