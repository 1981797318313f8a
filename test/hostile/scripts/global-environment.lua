-- outcome: ok 200 nil nil
-- why: no function has an environment that could be changed

return tostring(setfenv) .. " " .. tostring(getfenv)
