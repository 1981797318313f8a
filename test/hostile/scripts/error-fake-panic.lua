-- outcome: ok 200 went on
-- why: an error that reads like a crash of the interpreter can be caught

pcall(error, "runtime error: index out of range", 0)
coroutine.resume(coroutine.create(function() error("fatal error: out of memory", 0) end))
return "went on"
