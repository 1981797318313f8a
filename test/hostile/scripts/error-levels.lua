-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: errors with levels, deep in the stack

local function down(n)
	if n > 0 then
		return 1 + down(n - 1)
	end
	while true do
		pcall(error, "x", 60)
	end
end
down(55)
