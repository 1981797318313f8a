-- outcome: limit_exceeded max_array_size 1000
-- limits: max_array_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: table.insert at the end

local t = {}
while true do
	pcall(table.insert, t, 1)
end
