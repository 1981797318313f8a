-- outcome: script_error 0 error object is a table
-- why: an error whose __tostring fails in turn

error(setmetatable({}, { __tostring = function(t) error(t) end }))
