-- outcome: script_error 7 here
-- why: an error that names the line of the caller

local function f()
	error("here", 2)
end
f()
return 1
