-- outcome: ok 200 150
-- limits: max_operations=10000000
-- why: garbage is collected in time where much of the default memory_limit_mb is kept

local kept = {}
for i = 1, 150 do
	kept[i] = ("x"):rep(250000) .. i
end
for i = 1, 400 do
	local s = ("y"):rep(250000) .. i
end
return #kept
