-- outcome: invalid_script 1 too many local variables
-- why: more than 200 local variables
-- repeat: 250 "a%d, "

local @1 z
