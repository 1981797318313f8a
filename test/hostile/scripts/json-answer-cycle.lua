-- outcome: script_error 0 contains itself
-- why: answering with a table that contains itself

local t = {}
t[1] = t
return t
