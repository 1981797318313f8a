-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: pcall in a loop cannot swallow the limit

while true do
	pcall(function() while true do end end)
end
