-- outcome: script_error 8 header fields
-- why: a thousand header fields

local headers = {}
for i = 1, 1000 do
	headers["x-" .. i] = i
end
return response(200, "x", headers)
