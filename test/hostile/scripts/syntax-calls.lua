-- outcome: invalid_script 5 a chain
-- why: calls of what a call gives
-- repeat: 100000 "()"

print@1
