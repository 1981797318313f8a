-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: three greedy classes behind each other are cubic

local s = ("x"):rep(5000)
return s:find(".*.*.*y") or "none"
