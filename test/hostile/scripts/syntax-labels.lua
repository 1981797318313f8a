-- outcome: invalid_script 1 too many different
-- why: thousands of labels
-- repeat: 20000 "::l%d:: "

@1
