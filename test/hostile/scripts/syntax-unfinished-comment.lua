-- outcome: invalid_script 5 at the end
-- why: a comment without an end
-- repeat: 250000 "x"

--[==[ @1
