-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a back reference compares long pieces at every place

local s = ("a"):rep(20000)
return s:find("(.*)b%1") or "none"
