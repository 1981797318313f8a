-- outcome: ok 200 1 1 1 7
-- why: a for over the call of a call, and over a call of a field of a call

local function g()
	return function(x)
		local n = 0
		return function()
			n = n + 1
			if n < 2 then
				return n, x
			end
		end
	end
end
local t = { it = function(t) return next, t end }
local function h() return t end
local r = {}
for k, v in g()(1) do
	r[#r + 1] = k .. " " .. v
end
for k, v in h().it({ 7 }) do
	r[#r + 1] = k .. " " .. v
end
return table.concat(r, " ")
