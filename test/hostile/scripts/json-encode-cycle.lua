-- outcome: script_error 6 nested deeper than
-- why: encoding a table that contains itself

local t = {}
t.t = t
return json.encode(t)
