-- Floating point: multiplying matrices, which are arrays of arrays.
local n = 56

local function matrix(f)
  local m = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do row[j] = f(i, j) end
    m[i] = row
  end
  return m
end

local function multiply(a, b)
  return matrix(function(i, j)
    local row, sum = a[i], 0
    for k = 1, n do sum = sum + row[k] * b[k][j] end
    return sum
  end)
end

local m = matrix(function(i, j) return (i - j) / n end)
local unit = matrix(function(i, j) return i == j and 0.5 or 0.001 end)
for _ = 1, 4 do m = multiply(m, unit) end

local sum = 0
for i = 1, n do sum = sum + i * m[i][n + 1 - i] end

return string.format("%.9f", sum)
