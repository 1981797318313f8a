-- outcome: ok 200 4 4
-- why: invalid UTF-8 keeps its length: bytes are bytes

local s = "\255a\254b"
return #s:upper() .. " " .. #s:lower():reverse()
