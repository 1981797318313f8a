-- outcome: limit_exceeded max_array_size 1000
-- limits: max_array_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: unpack into a constructor

local t = {}
for i = 1, 1000 do
	t[i] = i
end
return tostring(pcall(function() return { 0, unpack(t) } end))
