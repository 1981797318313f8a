-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a replacement of a hundred thousand references to an empty match

local by = ("%0"):rep(100000)
while true do
	(""):gsub("", by)
end
