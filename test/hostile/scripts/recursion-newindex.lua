-- outcome: limit_exceeded max_call_levels 64
-- why: __newindex that assigns

local meta = {}
function meta.__newindex(t, k, v) t[k + 1] = v end
setmetatable({}, meta)[1] = 1
