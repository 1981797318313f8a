-- outcome: ok 200 0 of 5
-- why: unpack of ranges that no stack can hold

local list = { { 1, 1e8 }, { 1, 2 ^ 53 }, { -1e15, 1e15 }, { 1, 1 / 0 }, { -1 / 0, 1 / 0 } }
local n = 0
for _, range in ipairs(list) do
	if pcall(unpack, {}, range[1], range[2]) then
		n = n + 1
	end
end
return n .. " of " .. #list
