-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: text that grows in JSON: control characters

return tostring(pcall(json.encode, ("\1"):rep(2000)))
