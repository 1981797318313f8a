-- outcome: ok 200 done
-- why: one line that is longer than the whole budget

log.error(("x"):rep(200000))
log.error("after")
return "done"
