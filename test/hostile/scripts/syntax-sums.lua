-- outcome: invalid_script 5 a chain
-- why: +, as often as it fits
-- repeat: 120000 "+1"

return 1@1
