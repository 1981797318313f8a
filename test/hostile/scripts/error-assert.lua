-- outcome: script_error 4 assertion failed
-- why: assert without a message

assert(false)
