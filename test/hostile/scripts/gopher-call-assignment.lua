-- outcome: ok 200 8 number string 7
-- why: an assignment of a call to the last parameter spoils its neighbours

local function f(a)
	local q, r = 7, 8
	local s = q
	a, q = type(1), type("")
	return r .. " " .. a .. " " .. q .. " " .. s
end
return f()
