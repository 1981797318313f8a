-- outcome: limit_exceeded max_call_levels 64
-- why: __lt and __eq that compare

local meta = {}
function meta.__lt(a, b) return a == b end
function meta.__eq(a, b) return a < b end
local x = setmetatable({}, meta) < setmetatable({}, meta)
