-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a closure over a fresh variable at every turn

local kept = {}
while true do
	for i = 1, 1000 do
		kept[i] = function() i = i + 1 return i end
	end
end
