-- outcome: limit_exceeded max_call_levels 64
-- why: __concat that concatenates

local meta = {}
function meta.__concat(a, b) return (a .. b) end
local x = setmetatable({}, meta) .. "x"
