-- outcome: ok 200 seen
-- why: a metatable for the globals

setmetatable(_G, { __index = function(_, k) return "seen" end, __newindex = function() error("no") end })
return nowhere
