-- outcome: timeout 200
-- limits: timeout_ms=200 max_operations=1000000000000
-- why: pcall cannot catch the time

while true do
	pcall(function() while true do end end)
end
