-- outcome: script_error 0 function
-- why: a function is no answer

return print
