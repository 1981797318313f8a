-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: captures are saved and restored at every step back

return (("a"):rep(3000):match(("(a*)"):rep(32) .. "b")) or "none"
