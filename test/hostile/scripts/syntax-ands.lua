-- outcome: invalid_script 5 a chain
-- why: and and or in turns
-- repeat: 20000 " and 1 or 2"

return 1@1
