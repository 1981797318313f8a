-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: a response that is made already is not sent when a limit is reached

local answer = response(200, "finished")
local function last()
	while true do end
end
return answer, last()
