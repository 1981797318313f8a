-- outcome: ok 200 0 of 9
-- why: a yield across a metamethod

local meta, n = {}, 0
for _, event in ipairs({ "index", "newindex", "add", "concat", "lt", "le", "eq", "unm", "call" }) do
	meta["__" .. event] = function() coroutine.yield() return 1 end
end
local t, u = setmetatable({}, meta), setmetatable({}, meta)
local list = {
	function() return t.x end, function() t.x = 1 end, function() return t + 1 end, function() return t .. "x" end,
	function() return t < u end, function() return t <= u end, function() return t == u end, function() return -t end,
	function() return (tostring(t .. u)) end,
}
for _, f in ipairs(list) do
	if coroutine.resume(coroutine.create(f)) then
		n = n + 1
	end
end
return n .. " of " .. #list
