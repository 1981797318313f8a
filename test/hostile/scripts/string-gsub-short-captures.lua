-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a replacement of thousands of references to a capture of one byte

local by = ("%1"):rep(10000)
while true do
	("x"):gsub("(x)", by)
end
