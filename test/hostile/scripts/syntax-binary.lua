-- outcome: invalid_script 5 Invalid token
-- why: bytes that are no text
-- repeat: 1000 "\xff"

@1 = 1
