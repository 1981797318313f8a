-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: the separators count

return tostring(pcall(table.concat, { "", "", "" }, ("x"):rep(6000)))
