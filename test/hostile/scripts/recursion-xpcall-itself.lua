-- outcome: limit_exceeded max_call_levels 64
-- why: xpcall with itself as its handler

local function f() xpcall(f, f) end
xpcall(f, f)
