-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: comparing long strings that differ at their ends only

local a, b = ("x"):rep(200000) .. "a", ("x"):rep(200000) .. "b"
while true do
	local less, equal = a < b, a == b
end
