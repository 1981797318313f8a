-- outcome: limit_exceeded max_call_levels 64
-- why: resume as the body of a coroutine: a chain with no function of the script in it

local chain = {}
for i = 1, 500 do
	chain[i] = coroutine.create(coroutine.resume)
end
return tostring(coroutine.resume(unpack(chain)))
