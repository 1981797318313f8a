-- outcome: script_error 4 must return a string
-- why: a value that gives no text

print(setmetatable({}, { __tostring = function() return {} end }))
