-- outcome: ok 200 GET
-- why: the request may be changed: it is only the script's copy

local method = ctx.request.method
ctx.request.headers.host = nil
ctx.request = nil
ctx.invocation_id = ("x"):rep(1000)
ctx = nil
return method
