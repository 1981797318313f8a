-- outcome: limit_exceeded max_array_size 1000
-- limits: max_array_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: a constructor with one element too many
-- repeat: 1000 "1, "

return { @1 1 }
