-- outcome: script_error 4 outside a coroutine
-- why: the script itself cannot yield

coroutine.yield("finished")
return "went on"
