-- outcome: script_error 4 no body
-- why: a body where there is none

return response(204, "x")
