-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: logging without end

while true do
	print("again")
end
