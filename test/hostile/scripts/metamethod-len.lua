-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: the limit is reached in __len, under pcall

local meta = { __len = function() while true do end end }
local t, u = setmetatable({}, meta), setmetatable({}, meta)
while true do
	pcall(function() return #t end)
end
