-- outcome: timeout 200
-- limits: timeout_ms=200 max_operations=1000000000000
-- why: a script that logs all the time

while true do
	print("x")
end
