-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: one table that is there often

local t = { ("x"):rep(1000) }
return tostring(pcall(json.encode, { t, t, t, t, t, t, t, t, t, t, t }))
