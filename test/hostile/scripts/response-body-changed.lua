-- outcome: ok 200 [1]
-- why: what the body was made from may change afterwards

local t, headers = { 1 }, { ["x-a"] = "1" }
local r = response(200, t, headers)
t[2] = 2
headers["x-b"] = "2"
return r
