-- outcome: ok 200 21
-- limits: memory_limit_mb=24
-- why: a far index makes no array of sixty million: it is a key like others

local t = {}
t[6e7] = 1
t[2 ^ 53] = 2
t[-1] = 3
t[0.5] = 4
t[1 / 0] = 5
t[-1 / 0] = 6
return t[6e7] + t[2 ^ 53] + t[-1] + t[0.5] + t[1 / 0] + t[-1 / 0] .. ""
