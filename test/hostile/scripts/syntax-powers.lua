-- outcome: invalid_script 5 a chain
-- why: ^, which associates to the right
-- repeat: 120000 "^1"

return 1@1
