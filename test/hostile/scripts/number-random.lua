-- outcome: ok 200 false false true
-- why: the ranges of math.random that crash gopher-lua

return tostring((pcall(math.random, 0))) .. " " .. tostring((pcall(math.random, 2, 1))) .. " " ..
	tostring((pcall(math.random, -2 ^ 53, 2 ^ 53)))
