-- outcome: ok 200 2 1 5 2 20
-- why: values of a multiple assignment that are variables of it, too

local a, b = 1, 2
a, b = b, a
local t = {}
local old = t
t.x, t = 5, nil
local i, u = 1, {}
i, u[i] = i + 1, 20
return a .. " " .. b .. " " .. old.x .. " " .. i .. " " .. u[1]
