-- String building: chains of .., table.concat, format and the case functions.
local total, checksum = 0, 0
for round = 1, 24 do
  local parts = {}
  for i = 1, 2000 do
    local word = "item" .. i .. "/" .. round
    parts[#parts + 1] = word:upper() .. "=" .. string.format("%05d", i * round % 99991)
  end
  local text = table.concat(parts, ";")
  total = total + #text
  checksum = (checksum * 31 + text:byte(round * 100) + text:sub(-4):byte(1)) % 1000003

  local line = ""
  for i = 1, 200 do line = line .. "x" .. i end
  total = total + #line
end

return string.format("%d %d", total, checksum)
