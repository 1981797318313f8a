-- outcome: ok 200 false locked
-- why: a table whose metatable is protected keeps it

local t = setmetatable({}, { __metatable = "locked" })
local ok = pcall(setmetatable, t, {})
return tostring(ok) .. " " .. getmetatable(t)
