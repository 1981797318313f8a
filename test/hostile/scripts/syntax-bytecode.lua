-- outcome: invalid_script 4 Invalid token
-- why: bytecode is no source

Lua
