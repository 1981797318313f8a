-- outcome: script_error 4 xxxx
-- why: a message of 200000 bytes is cut

error(("x"):rep(200000))
