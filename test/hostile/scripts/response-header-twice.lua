-- outcome: script_error 4 twice
-- why: two spellings of one header field

return response(200, "x", { ["X-A"] = "1", ["x-a"] = "2" })
