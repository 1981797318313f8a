-- outcome: limit_exceeded max_call_levels 64
-- why: a comparison function that sorts

local function less(a, b)
	table.sort({ 1, 2 }, less)
	return a < b
end
table.sort({ 1, 2 }, less)
