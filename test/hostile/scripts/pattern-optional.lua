-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: sixty optional characters before as many that are not

local n = 60
return (("a"):rep(n):match(("a?"):rep(n) .. ("a"):rep(n))) or "none"
