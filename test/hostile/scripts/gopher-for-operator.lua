-- outcome: script_error 5 attempt to call
-- why: a for over an operator

local function f() return "x" end
for t in f() .. 1 do end
