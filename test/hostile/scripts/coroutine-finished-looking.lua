-- outcome: ok 200 12
-- why: a dead coroutine stays dead, however often it is asked

local co = coroutine.create(function() return 1 end)
local n = 0
for i = 1, 13 do
	local ok = coroutine.resume(co)
	if not ok then
		n = n + 1
	end
end
return n .. ""
