-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: thirty-two position captures at every place

local s, p = ("x"):rep(1000), ("()"):rep(32)
while true do
	for a in s:gmatch(p) do end
end
