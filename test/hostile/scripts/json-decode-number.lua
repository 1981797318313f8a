-- outcome: script_error 4 number
-- why: a number of a hundred thousand digits

return json.decode(("9"):rep(100000))
