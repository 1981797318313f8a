-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a new generator at every step

while true do
	math.randomseed(1) math.random()
end
