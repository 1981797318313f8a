-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: rawset goes past __newindex, but past no limit

local t = setmetatable({}, { __newindex = error, __index = error, __metatable = "locked" })
while true do
	rawset(t, 1, rawget(t, 2))
end
