-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: tables of nothing but nils
-- repeat: 199 "nil, "

while true do
	local t = { @1 nil }
end
