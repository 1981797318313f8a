-- outcome: script_error 4 too many captures
-- why: more captures than there may be

return (("a"):rep(50):match(("(a)"):rep(33)))
