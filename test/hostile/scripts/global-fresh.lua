-- outcome: ok 200 nil nil function
-- why: nor is it in a library

return tostring(leftover) .. " " .. tostring(string.leftover) .. " " .. type(getmetatable)
