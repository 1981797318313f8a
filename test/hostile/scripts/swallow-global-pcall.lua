-- outcome: limit_exceeded max_operations 100000
-- limits: max_operations=100000
-- why: replacing pcall and error by other functions changes nothing

local real = pcall
pcall = function(f, ...) return real(real, f, ...) end
error = function() return "no error" end
xpcall = pcall
while true do
	xpcall(function() while true do end end)
end
