-- outcome: ok 200 0 of 8
-- why: what JSON cannot say

local sparse = { 1, nil, 3 }
sparse[100] = 4
local list = { 0 / 0, 1 / 0, print, "\255", { 1, x = 2 }, { [1.5] = 1 }, { [true] = 1 }, response(200) }
local n = 0
for i = 1, 8 do
	if pcall(json.encode, list[i]) then
		n = n + 1
	end
end
return n .. " of " .. #list
