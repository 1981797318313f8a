-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a loop to infinity

for i = 1, math.huge do end
return "done"
