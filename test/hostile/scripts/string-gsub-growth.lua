-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: each replacement is far longer than its match

local s, by = ("x"):rep(100), ("y"):rep(2000)
while true do
	s:gsub("x", by)
end
