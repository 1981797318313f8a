-- outcome: script_error 4 header fields
-- why: a header field of 100000 bytes

return response(200, "x", { ["x-a"] = ("x"):rep(100000) })
