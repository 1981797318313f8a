-- outcome: script_error 4 attempt to index
-- why: writing to what getmetatable("") gives

getmetatable("").__index = nil
