-- outcome: ok 200 
-- why: what reaches files, processes, other code or the interpreter is not there

local found = {}
for name in ("io debug load loadstring loadfile dofile require module package newproxy _printregs collectgarbage channel setfenv getfenv " ..
	"gcinfo dump _LOADED _GOPHER_LUA_VERSION arg jit bit32 utf8"):gmatch("%S+") do
	if _G[name] ~= nil then
		found[#found + 1] = name
	end
end
for name in ("execute exit getenv remove rename tmpname setlocale setenv"):gmatch("%S+") do
	if os[name] ~= nil then
		found[#found + 1] = "os." .. name
	end
end
for name in ("dump gfind"):gmatch("%S+") do
	if string[name] ~= nil then
		found[#found + 1] = "string." .. name
	end
end
return table.concat(found, " ")
