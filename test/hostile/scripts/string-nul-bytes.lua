-- outcome: ok 200 7
-- why: zero bytes are bytes like any other

local s = "a\0b\0c\0d"
return #(s:gsub("%z", "-")) .. ""
