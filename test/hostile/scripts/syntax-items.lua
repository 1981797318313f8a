-- outcome: invalid_script 5 a table constructor with more than
-- why: a constructor of more items than gopher-lua keeps
-- repeat: 25600 "1,"

return {
@1 }
