-- outcome: script_error 4 control character
-- why: a header field that would begin another one

return response(200, "x", { ["x-a"] = "b\r\nset-cookie: c=d" })
