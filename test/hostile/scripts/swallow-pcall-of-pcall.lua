-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: pcall called by pcall is no better

while true do
	pcall(pcall, pcall, pcall, function() while true do end end)
end
