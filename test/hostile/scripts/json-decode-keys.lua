-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: thousands of keys

local parts = {}
for i = 1, 5000 do
	parts[i] = '"key' .. i .. '":1'
end
local text = "{" .. table.concat(parts, ",") .. "}"
while true do
	json.decode(text)
end
