-- outcome: ok 200 false
-- why: a yield across pcall, which gopher-lua cannot come back from

local co = coroutine.wrap(function()
	return pcall(function() coroutine.yield(1) end)
end)
return tostring((co()))
