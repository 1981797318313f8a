-- outcome: ok 200 0 of 5
-- why: values of header fields that are none

local n = 0
for _, value in ipairs({ {}, true, print, "a\nb", "\127" }) do
	if pcall(response, 200, "x", { ["x-a"] = value }) then
		n = n + 1
	end
end
return n .. " of 5"
