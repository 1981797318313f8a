-- outcome: limit_exceeded max_call_levels 64
-- why: __index that indexes

local meta = {}
function meta.__index(t, k) return t[k + 1] end
local x = setmetatable({}, meta)[1]
