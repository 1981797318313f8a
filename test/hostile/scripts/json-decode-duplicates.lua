-- outcome: ok 200 10000
-- why: ten thousand values under one key: the last holds

local parts = {}
for i = 1, 10000 do
	parts[i] = '"k":' .. i
end
local t = json.decode("{" .. table.concat(parts, ",") .. "}")
return t.k .. ""
