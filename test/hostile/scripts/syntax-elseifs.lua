-- outcome: invalid_script 506 a chain
-- why: a chain of elseif
-- repeat: 10000 "elseif a then\n"

if a then
@1end
