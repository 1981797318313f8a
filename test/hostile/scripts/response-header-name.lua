-- outcome: ok 200 0 of 8
-- why: names of header fields that are none

local list = { "", "a b", "a:b", "a\r\nb", "\228", "a\0", "(a)", 1 }
local n = 0
for _, name in ipairs(list) do
	if pcall(response, 200, "x", { [name] = "v" }) then
		n = n + 1
	end
end
return n .. " of " .. #list
