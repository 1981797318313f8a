-- outcome: ok 200 1000
-- why: weak tables are ordinary ones: nothing depends on when memory is collected

local weak, n = setmetatable({}, { __mode = "kv" }), 0
for i = 1, 1000 do
	weak[i] = {}
end
for k in pairs(weak) do
	n = n + 1
end
return n .. ""
