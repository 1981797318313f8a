-- outcome: invalid_script 5 a chain
-- why: unary minus, as often as it fits
-- repeat: 120000 "- "

return @1 1
