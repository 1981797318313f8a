-- outcome: limit_exceeded max_call_levels 64
-- why: a coroutine that resumes a coroutine that resumes a coroutine

local function down()
	return coroutine.wrap(down)()
end
return down()
