-- outcome: script_error 0 limit_exceeded max_operations
-- why: an error that reads like a limit is an error

error("limit_exceeded max_operations 500", 0)
