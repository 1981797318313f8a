-- outcome: timeout 200
-- limits: timeout_ms=200 max_operations=1000000000000
-- why: a comparison function that never ends

table.sort({ 2, 1 }, function() while true do end end)
