-- outcome: timeout 200
-- limits: timeout_ms=200 max_operations=1000000000000
-- why: a pattern that backtracks

local s = ("a"):rep(40)
return s:match(("a*"):rep(30) .. "b") or "none"
