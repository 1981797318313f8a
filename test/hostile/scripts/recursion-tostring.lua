-- outcome: limit_exceeded max_call_levels 64
-- why: __tostring that calls tostring

local meta = { __tostring = tostring }
function meta.__tostring(t) return (tostring(t)) end
print(setmetatable({}, meta))
