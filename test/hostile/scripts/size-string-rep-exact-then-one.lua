-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: just as long as allowed, then one byte more

local s = ("x"):rep(10000)
local ok = pcall(function() s = s .. "" end)
if not ok then
	return "too early"
end
return tostring(pcall(function() return s .. "y" end))
