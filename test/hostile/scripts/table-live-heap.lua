-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: garbage while much memory is in use

local kept = {}
for i = 1, 9000 do
	kept[i] = { { i }, { i } }
end
while true do
	local t = {}
	t[1] = { t }
end
