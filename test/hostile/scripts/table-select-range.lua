-- outcome: ok 200 0 of 4
-- why: select of places that are not there

local n = 0
for _, i in ipairs({ 0, -5, -2 ^ 53, "x" }) do
	if pcall(select, i, 1, 2) then
		n = n + 1
	end
end
return n .. " of 4"
