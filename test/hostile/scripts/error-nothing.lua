-- outcome: ok 200 false nil
-- why: an error without a value, caught

local ok, e = pcall(error)
return tostring(ok) .. " " .. tostring(e)
