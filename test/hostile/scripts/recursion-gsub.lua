-- outcome: limit_exceeded max_call_levels 64
-- why: a gsub callback that calls gsub

local function f() return (string.gsub("x", "x", f)) end
f()
