-- outcome: script_error 0 error object is a nil
-- why: an error that is nil

error(nil)
