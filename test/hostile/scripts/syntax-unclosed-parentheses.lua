-- outcome: limit_exceeded max_expr_depth 64
-- why: a quarter of a million parentheses that are not closed
-- repeat: 250000 "("

return @1
