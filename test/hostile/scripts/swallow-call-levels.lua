-- outcome: limit_exceeded max_call_levels 64
-- why: max_call_levels is no error to be caught

local depth = 0
local function down()
	depth = depth + 1
	pcall(down)
	return down()
end
while true do
	pcall(down)
end
