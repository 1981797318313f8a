-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: %f at every place of a long string

local s = ("a "):rep(10000)
while true do
	s:gsub("%f[%w]%w*%f[%W]b", "")
end
