-- outcome: ok 200 0
-- why: a yield across sort, gsub, tostring and an iterator

local n = 0
local function yield() coroutine.yield() return true end
for _, f in ipairs({
	function() table.sort({ 3, 2, 1 }, yield) end,
	function() string.gsub("abc", "%a", yield) end,
	function() tostring(setmetatable({}, { __tostring = yield })) end,
	function() for x in yield do end end,
	function() for x in coroutine.yield do end end,
}) do
	if coroutine.resume(coroutine.create(f)) then
		n = n + 1
	end
end
return n .. ""
