-- outcome: script_error 4 nested deeper than
-- why: a text of a hundred thousand brackets

return json.decode(("["):rep(100000))
