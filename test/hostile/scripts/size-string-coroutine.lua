-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: within a coroutine

local co = coroutine.create(function() return ("x"):rep(10001) end)
return tostring(coroutine.resume(co))
