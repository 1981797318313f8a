-- outcome: timeout 200
-- limits: timeout_ms=200 max_operations=1000000000000
-- why: a loop that the interpreter would allow for longer

while true do end
