-- outcome: ok 200 nil nil nil
-- why: find, match and gmatch that begin behind the end

return tostring(string.find("abc", "b", 10, true)) .. " " .. tostring(string.find("abc", "b", 10)) .. " " .. tostring(string.match("abc", "b", 2 ^ 53))
