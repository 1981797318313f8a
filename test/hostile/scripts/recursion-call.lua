-- outcome: limit_exceeded max_call_levels 64
-- why: __call that calls

local meta = {}
function meta.__call(t) return (t()) end
setmetatable({}, meta)()
