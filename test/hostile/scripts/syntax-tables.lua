-- outcome: limit_exceeded max_expr_depth 64
-- why: a hundred thousand tables within each other
-- repeat: 100000 "{"
-- repeat: 100000 "}"

return @1@2
