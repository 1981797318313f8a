-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: the limit is reached while a log line is made

print(setmetatable({}, { __tostring = function() while true do end end }))
return "finished"
