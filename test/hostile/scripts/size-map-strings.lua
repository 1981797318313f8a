-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: string keys

local t = {}
for i = 1, 1001 do
	pcall(function() t["k" .. i] = i end)
end
return "survived"
