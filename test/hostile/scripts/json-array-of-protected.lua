-- outcome: ok 200 false
-- why: json.array does not replace a protected metatable

return tostring((pcall(json.array, setmetatable({}, { __metatable = "locked" }))))
