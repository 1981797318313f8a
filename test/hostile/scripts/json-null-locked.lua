-- outcome: ok 200 json.null false
-- why: the metatable of json.null is locked

return getmetatable(json.null) .. " " .. tostring((pcall(setmetatable, json.null, {})))
