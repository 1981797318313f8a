-- outcome: limit_exceeded max_array_size 1000
-- limits: max_array_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: one index after the other under pcall

local t = {}
for i = 1, 1001 do
	pcall(function() t[i] = i end)
end
return "survived"
