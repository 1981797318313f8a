-- outcome: ok 200 false
-- why: a response is no body

return tostring((pcall(response, 200, response(200, "inner"))))
