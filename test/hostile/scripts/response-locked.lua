-- outcome: ok 200 response false false
-- why: a response is opaque

local r = response(200, "x")
return getmetatable(r) .. " " .. tostring((pcall(function() r.status = 500 end))) .. " " .. tostring((pcall(setmetatable, r, {})))
