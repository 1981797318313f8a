-- outcome: ok 200 false false
-- why: a protected metatable may be hidden behind false

local t = setmetatable({}, { __metatable = false })
return tostring((pcall(setmetatable, t, {}))) .. " " .. tostring(getmetatable(t))
