-- outcome: limit_exceeded max_call_levels 64
-- why: a function that calls itself

local function f() return 1 + f() end
f()
