-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a tail call with one argument more each time overflows the registers, past every pcall

local function g(...)
	return g(1, ...)
end
while true do
	pcall(g)
end
