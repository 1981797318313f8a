-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: replacements that a function gives

return tostring(pcall(string.gsub, ("x"):rep(1000), "x", function(c) return c:rep(20) end))
