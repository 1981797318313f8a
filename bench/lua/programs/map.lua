-- Map fill: string keys and number keys, reading, deleting, going through with pairs.
local sum = 0
for round = 1, 4 do
  local words, numbers = {}, {}
  for i = 1, 6000 do
    words["key" .. i] = i * round
    numbers[i * 7919 + 0.5] = i
  end
  for i = 1, 6000 do
    sum = (sum + words["key" .. i] + numbers[i * 7919 + 0.5]) % 1000003
  end
  for i = 1, 6000, 3 do words["key" .. i] = nil end
  local count = 0
  for k, v in pairs(words) do count = count + 1; sum = (sum + v + #k) % 1000003 end
  sum = sum + count

  local point = {x = 1, y = 2, z = 3}
  for i = 1, 40000 do
    point.x = point.y + point.z
    point.y = (point.x - i) % 1009
  end
  sum = sum + point.x + point.y
end

return string.format("%d", sum)
