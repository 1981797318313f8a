-- outcome: ok 200 2 2 42
-- why: variables that closures share survive an error caught meanwhile

local x = 1
local function get() return x end
pcall(error, "e")
x = 2
local g
pcall(function()
	local y = 42
	g = function() return y end
	error("x")
end)
local a, b, c, d, e = 1, 2, 3, 4, 5
return get() .. " " .. x .. " " .. g()
