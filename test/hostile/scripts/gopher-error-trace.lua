-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: each caught error builds a trace of the whole stack, which nobody sees

local function down(n)
	if n > 0 then
		return 1 + down(n - 1)
	end
	while true do
		pcall(error)
	end
end
down(60)
