-- outcome: script_error 0 yyyy
-- why: an error whose __tostring is long

error(setmetatable({}, { __tostring = function() return ("y"):rep(200000) end }))
