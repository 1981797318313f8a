-- outcome: invalid_script 5 an assignment to more than
-- why: an assignment to more variables than there are registers
-- repeat: 600 "a%d, "

@1a = f()
