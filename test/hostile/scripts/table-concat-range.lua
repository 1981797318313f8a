-- outcome: ok 200 false
-- why: concat of a range that is not there: no loop to its end

return tostring((pcall(table.concat, {}, "", 1, 2 ^ 53)))
