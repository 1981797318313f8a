-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: a constructor with one key too many
-- repeat: 1001 "k%d=1, "

return { @1 }
