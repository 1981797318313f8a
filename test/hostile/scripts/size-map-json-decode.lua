-- outcome: limit_exceeded max_map_size 1000
-- limits: max_map_size=1000 max_operations=10000000 memory_limit_mb=24
-- why: an object of JSON

local parts = {}
for i = 1, 1001 do
	parts[i] = '"k' .. i .. '":1'
end
return tostring(pcall(json.decode, "{" .. table.concat(parts, ",") .. "}"))
