-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a long key is hashed at every access

local t, key = {}, ("k"):rep(200000)
while true do
	t[key] = t[key]
	rawset(t, key, rawget(t, key))
end
