-- Table fill, array: by index, by #t + 1, by table.insert, and reading it again.
local sum = 0
for round = 1, 12 do
  local a, b, c = {}, {}, {}
  for i = 1, 20000 do a[i] = i * round end
  for i = 1, 8000 do b[#b + 1] = a[i] + 1 end
  for i = 1, 8000 do table.insert(c, b[i]) end
  for i = 1, #a do sum = (sum + a[i]) % 1000003 end
  for _, v in ipairs(c) do sum = (sum + v) % 1000003 end
  for i = #c, 1, -2 do c[i] = nil end
end

return string.format("%d", sum)
