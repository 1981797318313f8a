-- outcome: invalid_script 6 unterminated
-- why: a string of 250000 bytes without an end
-- repeat: 250000 "x"

return "@1
