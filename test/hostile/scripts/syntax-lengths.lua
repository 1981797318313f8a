-- outcome: invalid_script 5 a chain
-- why: #, as often as it fits
-- repeat: 250000 "#"

return @1 {}
