-- outcome: ok 200 0 of 9
-- why: statuses that are none

local list = { 0, -1, 99, 100, 199, 600, 1e300, 200.5, 0 / 0 }
local n = 0
for _, status in ipairs(list) do
	if pcall(response, status, "x") then
		n = n + 1
	end
end
return n .. " of " .. #list
