-- outcome: ok 200 nil 2
-- why: an empty ... gives a value that is none

local function f(...)
	local a, b = 1, 2
	a = (...)
	local t = { [1] = a }
	return tostring(rawget(t, 1)) .. " " .. b
end
return f()
