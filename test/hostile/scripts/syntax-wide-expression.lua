-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a wide expression at every turn of a loop
-- repeat: 400 "1 + "

while true do
	local x = @11
end
