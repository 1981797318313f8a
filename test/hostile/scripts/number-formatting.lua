-- outcome: ok 200 1e+15 1e+100 inf -inf nan 0.1 9.007199254741e+15
-- why: numbers at their ends as text

local nan = tostring(0 / 0):gsub("-", "")
return 10 ^ 15 .. " " .. 1e100 .. " " .. 1 / 0 .. " " .. -1 / 0 .. " " .. nan .. " " .. 0.1 .. " " .. 2 ^ 53
