-- Protected calls, most of which succeed.
local function divide(a, b)
  if b == 0 then error("division", 0) end
  return a / b
end

local ok, failed, sum = 0, 0, 0
for i = 1, 120000 do
  local success, result = pcall(divide, i * 6, i % 50 == 0 and 0 or 3)
  if success then
    ok, sum = ok + 1, (sum + result) % 1000003
  elseif result == "division" then
    failed = failed + 1
  end
end

return string.format("%d %d %d", ok, failed, sum)
