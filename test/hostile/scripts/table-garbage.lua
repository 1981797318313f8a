-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: empty tables without end

while true do
	local a, b = {}, { {} }
end
