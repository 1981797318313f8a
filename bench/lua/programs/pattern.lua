-- Pattern matching: find, match, gmatch and gsub over text of some length.
local lines = {}
for i = 1, 400 do
  lines[i] = string.format("host%d - [%02d/Nov/2026] \"GET /path/%d?x=%d HTTP/1.1\" %d", i, i % 28 + 1, i, i * 3, 200 + i % 5)
end
local text = table.concat(lines, "\n")

local sum = 0
for _ = 1, 6 do
  for line in text:gmatch("[^\n]+") do
    local host, day, path, status = line:match("^(%w+) %- %[(%d+)/%a+/%d+%] \"%u+ ([^%s?]+).-\" (%d+)$")
    sum = (sum + #host + day + #path + status) % 1000003
    if line:find("x=1%d%d ", 1) then sum = sum + 1 end
    if line:find("HTTP/1.1", 1, true) then sum = sum + 1 end
  end
  local _, n = text:gsub("%d+", function(d) sum = (sum + #d) % 1000003 end)
  local replaced, m = text:gsub("(%w+)=(%w+)", "%2=%1")
  sum = sum + n + m + #replaced
end

return string.format("%d", sum)
