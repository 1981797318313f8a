-- outcome: invalid_script 5 a chain
-- why: fields of fields
-- repeat: 100000 ".b"

return ctx@1
