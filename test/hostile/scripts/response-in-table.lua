-- outcome: script_error 0 response
-- why: a response within a table is no answer

return { response(200, "x") }
