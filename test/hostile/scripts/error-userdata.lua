-- outcome: script_error 0 null
-- why: an error that is json.null

error(json.null)
