-- Loops of all three kinds around integer arithmetic.
local sum = 0
for i = 1, 1200 do
  for j = i, i + 400 do
    sum = (sum + i * j) % 1000003
  end
end

local n, steps = 837799, 0
repeat
  local m = n
  while m ~= 1 do
    if m % 2 == 0 then m = m / 2 else m = 3 * m + 1 end
    steps = steps + 1
  end
  n = n - 1
until n == 837799 - 1500

return string.format("%d %d", sum, steps)
