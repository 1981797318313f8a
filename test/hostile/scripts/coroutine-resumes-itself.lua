-- outcome: ok 200 false cannot resume non-suspended coroutine
-- why: a coroutine that resumes itself

local co
co = coroutine.create(function() return coroutine.resume(co) end)
local _, ok, message = coroutine.resume(co)
return tostring(ok) .. " " .. message
