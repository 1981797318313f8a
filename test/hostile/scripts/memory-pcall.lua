-- outcome: limit_exceeded memory_limit_mb 24
-- limits: memory_limit_mb=24 max_operations=100000000 max_array_size=10000000 max_map_size=10000000
-- why: running out of memory under pcall

local kept = {}
while true do
	pcall(function()
		for i = 1, 100 do
			kept[#kept + 1] = ("x"):rep(200000) .. #kept
		end
	end)
end
