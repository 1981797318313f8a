-- outcome: invalid_script 5 l1
-- why: thousands of jumps to labels that are not there
-- repeat: 13000 "do goto l%d end "

@1
