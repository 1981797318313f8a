-- outcome: ok 200 not called
-- why: there are no finalizers: __gc never runs

local called = "not called"
for i = 1, 2000 do
	setmetatable({}, { __gc = function() called = "called" while true do end end })
end
return called
