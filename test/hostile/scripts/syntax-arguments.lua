-- outcome: invalid_script 1 register overflow
-- why: a call with thousands of arguments
-- repeat: 60000 "1, "

print(@1 1)
