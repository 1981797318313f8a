-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a loop whose variable is so large that adding 1 changes nothing

for i = 2 ^ 53, 2 ^ 53 + 10 do end
return "done"
