-- outcome: ok 201 first
-- why: a second value is no second response

return response(201, "first"), response(202, "second")
