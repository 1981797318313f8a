-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: metamethods that are no functions are errors that cost

local meta = { __index = 1, __newindex = 2, __call = 3, __concat = 4, __lt = 5, __unm = 6, __tostring = 7, __eq = 8, __len = 9 }
local t, u = setmetatable({}, meta), setmetatable({}, meta)
while true do
	pcall(function() return t.x end)
	pcall(function() t.x = 1 end)
	pcall(function() return t() end)
	pcall(function() return t .. u end)
	pcall(function() return t < u end)
	pcall(function() return -t end)
	pcall(function() return tostring(t) end)
	pcall(function() return t == u end)
	pcall(function() return #t end)
end
