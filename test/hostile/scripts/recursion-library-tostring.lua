-- outcome: limit_exceeded max_call_levels 64
-- why: tostring as its own metamethod: a chain with no function of the script in it

local t = setmetatable({}, { __tostring = tostring })
tostring(t)
