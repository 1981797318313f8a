-- outcome: limit_exceeded response_size 1048576
-- why: a body one byte too long, in pieces

local s = ("x"):rep(104857)
local t = { s, s, s, s, s, s, s, s, s, s }
return t
