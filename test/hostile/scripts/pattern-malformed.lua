-- outcome: ok 200 0 of 13
-- why: malformed patterns are errors, whatever follows

local list = { "[", "[a", "%", "[%", "%f", "%fa", "%b", "%bx", "(", ")", "(()", "%1", "(%1)" }
local wrong = ""
local n = 0
for _, p in ipairs(list) do
	if pcall(string.match, "aaa", "a" .. p) then
		n = n + 1
		wrong = wrong .. " " .. p
	end
end
return n .. " of " .. #list .. wrong
