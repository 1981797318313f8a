-- Method calls: a class, a class that inherits from it, fields of self.
local Account = {}
Account.__index = Account

function Account.new(class, balance)
  return setmetatable({balance = balance, moves = 0}, class)
end

function Account:deposit(amount)
  self.balance = self.balance + amount
  self.moves = self.moves + 1
end

function Account:total() return self.balance end

local Savings = setmetatable({}, {__index = Account})
Savings.__index = Savings

function Savings:total() return self.balance * 2 end

local sum = 0
for i = 1, 300 do
  local plain, savings = Account:new(i), Savings:new(i)
  for j = 1, 400 do
    plain:deposit(j)
    savings:deposit(j % 7)
    sum = (sum + plain:total() + savings:total()) % 1000003
  end
  sum = sum + plain.moves
end

return string.format("%d", sum)
