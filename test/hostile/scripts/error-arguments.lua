-- outcome: limit_exceeded max_operations 500000
-- limits: max_operations=500000
-- why: wrong arguments to library functions

while true do
	pcall(string.rep) pcall(string.rep, {}) pcall(table.concat, { {} }) pcall(setmetatable) pcall(ctx)
end
