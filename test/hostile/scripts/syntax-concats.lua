-- outcome: invalid_script 5 a chain
-- why: .. as often as it fits: the compiler's time is quadratic
-- repeat: 60000 " ..1"

return 1@1
