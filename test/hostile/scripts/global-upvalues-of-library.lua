-- outcome: ok 200 true
-- why: a library function has nothing to take apart

local all = true
for _, m in pairs({ string, table, math, os, coroutine, json, log }) do
	for _, f in pairs(m) do
		if type(f) == "function" then
			all = all and not pcall(function() return f.x end) and getmetatable(f) == nil
		end
	end
end
return tostring(all)
