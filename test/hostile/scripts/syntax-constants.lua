-- outcome: invalid_script 1 too many
-- why: tens of thousands of different constants: the compiler's time is quadratic
-- repeat: 20000 "x%d=1 "

@1
