-- outcome: ok 200 false false false
-- why: values that have no order

return tostring((pcall(table.sort, { 1, "x", 2 }))) .. " " .. tostring((pcall(table.sort, { {}, {} }))) .. " " ..
	tostring((pcall(table.sort, { 1, 2, 3 }, 4)))
