-- outcome: limit_exceeded max_call_levels 64
-- why: max_call_levels within a coroutine ends the script, not the coroutine

local function down() return 1 + down() end
local ok = coroutine.resume(coroutine.create(down))
return "survived " .. tostring(ok)
