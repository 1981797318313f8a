-- outcome: ok 200 1
-- why: __pairs is of later versions: Lua 5.1 does not call it

local n = 0
for k in pairs(setmetatable({ 1 }, { __pairs = function() while true do end end })) do
	n = n + 1
end
return n .. ""
