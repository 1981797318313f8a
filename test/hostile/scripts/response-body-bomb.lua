-- outcome: limit_exceeded response_size 1048576
-- why: thirty tables that contain the one before twice

local t = { ("x"):rep(1000) }
for i = 1, 30 do
	t = { t, t }
end
return t
