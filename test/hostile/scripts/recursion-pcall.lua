-- outcome: limit_exceeded max_call_levels 64
-- why: a function that calls itself through pcall

local function f() return (pcall(f)) end
f()
