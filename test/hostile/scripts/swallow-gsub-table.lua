-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: the limit is reached in the __index of a gsub table

local t = setmetatable({}, { __index = function() while true do end end })
while true do
	pcall(string.gsub, "abc", "%a", t)
end
