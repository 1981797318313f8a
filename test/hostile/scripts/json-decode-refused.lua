-- outcome: ok 200 0 of 16
-- why: what is no JSON, or no number

local list = {
	"", " ", "{", "[1,]", "[1 2]", "{1:2}", "{'a':1}", "nul", "01", "1e999", "NaN", "+1", "[1]x", '"\1"', '"\\x"', "\239\187\1911",
}
local n, wrong = 0, ""
for _, text in ipairs(list) do
	if pcall(json.decode, text) then
		n = n + 1
		wrong = wrong .. " " .. text
	end
end
return n .. " of " .. #list .. wrong
