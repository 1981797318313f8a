-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: encoding the answer is work like any other

local t = {}
for i = 1, 2000 do
	t[i] = { i, i, i }
end
local list = {}
for i = 1, 200 do
	list[i] = t
end
return list
