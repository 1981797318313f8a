-- outcome: limit_exceeded response_size 1048576
-- why: a body that is too large cannot be taken back

local part = ("x"):rep(200000)
local ok = pcall(response, 200, { part, part, part, part, part, part })
return "survived " .. tostring(ok)
