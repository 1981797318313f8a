-- Sorting numbers and strings with table.sort, and numbers with a comparator.
local seed = 42
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end

local numbers, words, records = {}, {}, {}
for i = 1, 40000 do numbers[i] = random(1000000) end
for i = 1, 16000 do words[i] = "w" .. random(1000000) end
for i = 1, 16000 do records[i] = random(1000000) end

table.sort(numbers)
table.sort(words)
table.sort(records, function(a, b) return a > b end)

local sum = 0
for i = 1, #numbers, 7 do sum = (sum * 3 + numbers[i]) % 1000003 end
for i = 1, #records, 7 do sum = (sum * 3 + records[i]) % 1000003 end

return string.format("%d %s %s", sum, words[1], words[#words])
