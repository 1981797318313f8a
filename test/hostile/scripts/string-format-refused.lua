-- outcome: ok 200 0 of 9
-- why: what C would read beyond its arguments or write without end

local list = { "%", "%y", "%1000000000d", "%.1000d", "%-+ #00d", "%n", "%*d", "%p", "%s" }
local n = 0
for i, f in ipairs(list) do
	if i == #list and pcall(string.format, f) or i < #list and pcall(string.format, f, 1) then
		n = n + 1
	end
end
return n .. " of " .. #list
