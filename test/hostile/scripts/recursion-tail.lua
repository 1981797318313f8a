-- outcome: ok 200 done
-- limits: max_call_levels=2
-- why: tail calls do not nest

local function f(n)
	if n == 0 then
		return "done"
	end
	return f(n - 1)
end
return f(50000)
