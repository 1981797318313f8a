-- outcome: script_error 4 nested deeper than
-- why: objects within objects

return json.decode(('{"a":'):rep(20000))
