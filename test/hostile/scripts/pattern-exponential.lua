-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- cost: 5
-- why: a pattern that backtracks exponentially

local s = ("a"):rep(40)
return (s:match(("a*"):rep(30) .. "b")) or "none"
