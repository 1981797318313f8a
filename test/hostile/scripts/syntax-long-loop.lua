-- outcome: invalid_script 1 compiles to
-- why: a loop whose body is too long to jump over
-- repeat: 47000 "a=-b "

while true do
@1 end
