-- outcome: invalid_script 5 a chain
-- why: not, as often as it fits: three million of them crash gopher-lua's compiler
-- repeat: 65000 "not "

return @1 1
