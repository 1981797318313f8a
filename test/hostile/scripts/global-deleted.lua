-- outcome: ok 200 done
-- why: a script may delete its globals: they are its own

local next, type, tostring = next, type, tostring
for k in next, _G do
	if k ~= "_G" then
		_G[k] = nil
	end
end
_G._G = nil
return "done"
