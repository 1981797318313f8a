-- outcome: script_error 4 no order
-- why: an error in a comparison function ends the sort

table.sort({ 3, 2, 1 }, function() error("no order") end)
