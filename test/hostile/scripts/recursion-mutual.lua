-- outcome: limit_exceeded max_call_levels 64
-- why: two functions that call each other

local f, g
function f() return (g()) end
function g() return (f()) end
f()
