-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: resume gives back errors as values, but not the limit

while true do
	local co = coroutine.create(function() while true do end end)
	local ok, message = coroutine.resume(co)
end
