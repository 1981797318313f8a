-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: wrap within pcall within a coroutine

local function spin()
	while true do end
end
local function attempt()
	return pcall(coroutine.wrap(function() return pcall(coroutine.wrap(spin)) end))
end
while true do
	attempt()
end
