-- outcome: ok 200 done
-- why: a table that grows and shrinks while it is gone through

local t = { 1, 2, 3, x = 1, y = 2 }
local n = 0
for k in pairs(t) do
	n = n + 1
	t[k] = nil
	if n < 100 then
		t["k" .. n] = n
	end
end
return "done"
