-- outcome: script_error 0 error object is a table
-- why: an error whose __tostring gives no string

error(setmetatable({}, { __tostring = function(t) return {} end }))
