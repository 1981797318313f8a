-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: a plain search for what almost is there at every place

local s, what = ("a"):rep(100000), ("a"):rep(5000) .. "b"
while true do
	s:find(what, 1, true)
end
