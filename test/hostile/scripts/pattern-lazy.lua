-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: lazy repetitions backtrack, too

local s = ("x"):rep(5000)
return s:find(".-.-.-y") or "none"
