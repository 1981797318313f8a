-- outcome: script_error 7 settable
-- why: a chain of __newindex that is a circle ends

local a, b = {}, {}
setmetatable(a, { __newindex = b })
setmetatable(b, { __newindex = a })
a.x = 1
