-- outcome: ok 200 2 3 2 7
-- why: an assignment of ... to a variable spoils its neighbours

local function f(...)
	local a, b, c = 1, 2, 3
	a = (...)
	local d, e, g = 1, 2, 3
	d, g = ..., 7
	return b .. " " .. c .. " " .. e .. " " .. g
end
return f(9, 8)
