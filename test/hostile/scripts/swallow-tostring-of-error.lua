-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: the limit is reached in the __tostring of the error that ends the script

error(setmetatable({}, { __tostring = function() while true do end end }))
