-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: powers with exponents at their ends

while true do
	local x = 1.0000001 ^ 9007199254740991
	x = 0.9999999 ^ -9007199254740991.5
	math.exp(709) math.sin(1e300) math.tan(1e308) math.ldexp(1, -1070)
end
