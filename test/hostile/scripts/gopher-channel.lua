-- outcome: ok 200 nil
-- why: channels deadlock: there are none

return tostring(channel)
