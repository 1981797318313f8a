-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: repeating is charged before it is done

while true do
	local s = ("x"):rep(200000)
end
