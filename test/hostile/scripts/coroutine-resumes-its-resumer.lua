-- outcome: ok 200 false
-- why: a coroutine that resumes the one it was resumed by

local outer
outer = coroutine.create(function()
	return coroutine.wrap(function() return (coroutine.resume(outer)) end)()
end)
local _, ok = coroutine.resume(outer)
return tostring(ok)
