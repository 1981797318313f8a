-- Closures: making them, calling them, and the variables they share.
local function counter(step)
  local n = 0
  return function() n = n + step; return n end, function() return n end
end

local function compose(f, g) return function(x) return f(g(x)) end end

local sum = 0
for i = 1, 12000 do
  local add, get = counter(i % 5)
  for _ = 1, 20 do add() end
  sum = (sum + get()) % 1000003
end

local f = function(x) return (x * 3 + 1) % 10007 end
for _ = 1, 6 do f = compose(f, function(x) return x + 1 end) end
for i = 1, 40000 do sum = (sum + f(i)) % 1000003 end

return string.format("%d", sum)
