-- outcome: script_error 5 attempt to
-- why: the name of a variable in a message is as long as in the source
-- repeat: 200000 "n"

return @1.x
