-- outcome: limit_exceeded max_string_size 1048576
-- limits: max_string_size=1048576 max_operations=10000000 memory_limit_mb=24
-- why: a string of 64 MiB is refused before memory is taken for it

local s = ("x"):rep(1000000)
pcall(string.rep, s, 64)
pcall(table.concat, { s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s })
return "survived"
