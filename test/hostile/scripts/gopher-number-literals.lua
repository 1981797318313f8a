-- outcome: ok 200 true 10 8
-- why: literals that gopher-lua reads otherwise than Lua

return tostring(1e999 == math.huge and 0xffffffffffffffff == 2 ^ 64) .. " " .. 0010 .. " " .. 0x8
