-- outcome: ok 200 nil
-- why: what an earlier script left is not there

local before = leftover
leftover = "left"
string.leftover = "left"
getmetatable = nil
return tostring(before or string.leftover_of_another)
