-- Variable arguments: passing them on, counting them, packing and unpacking.
local function sum(...)
  local s = 0
  for i = 1, select("#", ...) do s = s + (select(i, ...)) end
  return s
end

local function pass(...) return ... end

local function pack(...) return {n = select("#", ...), ...} end

local total = 0
for i = 1, 24000 do
  total = (total + sum(i, i + 1, i + 2, i + 3)) % 1000003
  local t = pack(pass(i, 2, 3, 4, 5))
  total = total + t.n
  local a, b, c = unpack(t, 1, 3)
  total = (total + a + b + c + math.max(pass(a, b, c))) % 1000003
end

return string.format("%d", total)
