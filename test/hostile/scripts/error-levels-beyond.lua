-- outcome: ok 200 false false false
-- why: levels that are not there

return tostring((pcall(error, "x", 1e9))) .. " " .. tostring((pcall(error, "x", -1))) .. " " .. tostring((pcall(error, "x", 0 / 0)))
