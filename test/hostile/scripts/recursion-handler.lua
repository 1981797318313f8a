-- outcome: limit_exceeded max_call_levels 64
-- why: an error in an error handler in an error handler

local function handler() return (xpcall(error, handler)) end
xpcall(error, handler)
