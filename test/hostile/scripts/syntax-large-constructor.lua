-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a constructor of ten thousand items in a loop
-- repeat: 9999 "1, "

while true do
	local t = { @1 }
end
