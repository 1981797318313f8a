-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a replacement of a hundred thousand percent signs

local by = ("%%"):rep(100000)
while true do
	("x"):gsub("x", by)
end
