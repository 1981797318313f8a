-- outcome: limit_exceeded max_string_size 262144
-- why: repeating infinitely often

local ok, r = pcall(string.rep, "x", 1 / 0)
return tostring(ok)
