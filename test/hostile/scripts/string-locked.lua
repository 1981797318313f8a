-- outcome: ok 200 string false false xx
-- why: the metatable of strings is neither seen nor changed

local index = pcall(function() getmetatable("").__index = { rep = function() return "stolen" end } end)
local set = pcall(setmetatable, "", {})
return getmetatable("") .. " " .. tostring(index) .. " " .. tostring(set) .. " " .. ("x"):rep(2)
