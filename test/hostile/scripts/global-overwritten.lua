-- outcome: ok 200 2.5
-- why: library functions do not call each other through the script's globals

tostring = function() while true do end end
type = tostring
string.format = tostring
table.concat = tostring
getmetatable = tostring
log.info = tostring
print(1, "x", {})
return json.encode(2.5)
