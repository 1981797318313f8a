-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000 max_string_size=1048576
-- why: thirty tables that contain the one before twice: a billion values

local t = { 1 }
for i = 1, 30 do
	t = { t, t }
end
return json.encode(t)
