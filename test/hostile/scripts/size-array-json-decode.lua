-- outcome: limit_exceeded max_array_size 1000
-- limits: max_array_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: an array of JSON

return tostring(pcall(json.decode, "[" .. ("1,"):rep(1000) .. "1]"))
