-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a loop with the step 0

for i = 10, 1, 0 do end
return "done"
