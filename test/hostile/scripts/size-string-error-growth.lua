-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: an error message that is raised again and again with a position more

local function again(s)
	local ok, e = pcall(function() error(s, 1) end)
	return e
end
local s = ("x"):rep(100)
while true do
	s = again(s)
end
