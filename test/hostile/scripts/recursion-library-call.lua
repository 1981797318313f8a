-- outcome: script_error 8 attempt to call
-- why: a chain of __call that never comes to a function

local t = {}
for i = 1, 1000 do
	t = setmetatable({}, { __call = t })
end
t()
