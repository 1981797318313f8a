-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: ten thousand statements in a loop
-- repeat: 10000 "\ta = a + 1\n"

local a = 1
while true do
@1
end
