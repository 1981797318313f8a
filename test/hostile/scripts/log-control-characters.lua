-- outcome: ok 200 done
-- why: lines that would forge others

print("a\nb\r\27[2J\0\255")
log.info("\n", nil, true, {}, print, json.null)
return "done"
