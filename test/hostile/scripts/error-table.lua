-- outcome: script_error 0 error object is a table
-- why: an error that is a table

error({ code = 1 })
