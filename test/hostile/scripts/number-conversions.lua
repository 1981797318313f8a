-- outcome: ok 200 done
-- why: library functions with numbers that are no integers

local numbers = { 0 / 0, 1 / 0, -1 / 0, 2 ^ 63, -2 ^ 63, 1e308, -1e308, 0.5, 5e-324 }
local s = "abc"
for _, a in ipairs(numbers) do
	for _, b in ipairs(numbers) do
		s:sub(a, b) s:byte(a, b) s:find("b", a) s:find("b", a, true) s:rep(-math.abs(a)) s:gsub("a", "b", a)
		pcall(string.char, a) pcall(string.format, "%d %x %c %5.1f %g", a, b, a, b, a)
		pcall(math.random, a, b) pcall(math.ldexp, a, b) pcall(math.fmod, a, b) pcall(table.insert, {}, a, b)
		pcall(table.remove, { 1 }, a) pcall(table.concat, { 1 }, "", a, b) pcall(unpack, { 1 }, a, b) pcall(select, a, b)
		pcall(os.date, "%c", a) pcall(tonumber, "10", a) pcall(setmetatable, a, b) pcall(error, a, b) pcall(os.time, { year = a, month = b, day = a })
	end
end
return "done"
