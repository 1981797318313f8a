-- outcome: script_error 0 the returned value
-- why: a coroutine is no answer

return coroutine.create(function() end)
