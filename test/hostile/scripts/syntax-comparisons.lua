-- outcome: invalid_script 5 a chain
-- why: comparisons of comparisons
-- repeat: 60000 "==1"

return 1@1
