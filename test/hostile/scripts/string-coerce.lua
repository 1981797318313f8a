-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a long string is read as a number, in vain

local s = ("1"):rep(100000) .. "x"
while true do
	pcall(function() return s + 1 end)
	pcall(function() return -s end)
	tonumber(s)
	tonumber(s, 36)
end
