-- outcome: limit_exceeded max_array_size 1000
-- limits: max_array_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: more arguments than a table may have elements

local function pack(...)
	return { ... }
end
return tostring(pcall(pack, ("x"):rep(1001):byte(1, -1)))
