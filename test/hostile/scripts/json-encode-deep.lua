-- outcome: script_error 8 nested deeper than
-- why: encoding a table that nests ten thousand deep

local t = {}
for i = 1, 10000 do
	t = { t }
end
return json.encode(t)
