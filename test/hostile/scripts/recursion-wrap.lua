-- outcome: limit_exceeded max_call_levels 64
-- why: a coroutine that starts a coroutine, and so on

local function f() return (coroutine.wrap(f)()) end
f()
