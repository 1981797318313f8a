-- outcome: script_error 5 pattern too complex
-- why: a pattern that nests deeper than the matcher may

local pattern = ("a?"):rep(5000)
return (("a"):rep(5000):match(pattern))
