-- outcome: script_error 7 gettable
-- why: a chain of __index that is a circle ends

local a, b = {}, {}
setmetatable(a, { __index = b })
setmetatable(b, { __index = a })
return a.x
