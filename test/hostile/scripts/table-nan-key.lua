-- outcome: ok 200 false false nil
-- why: not-a-number and nil are no keys

local t, nan = {}, 0 / 0
return tostring((pcall(function() t[nan] = 1 end))) .. " " .. tostring((pcall(rawset, t, nil, 1))) .. " " .. tostring(t[nan])
