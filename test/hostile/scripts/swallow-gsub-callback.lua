-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: the limit is reached in a gsub callback

while true do
	pcall(string.gsub, ("x"):rep(100), "x", function() while true do end end)
end
