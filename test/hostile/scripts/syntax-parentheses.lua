-- outcome: limit_exceeded max_expr_depth 64
-- why: a hundred thousand parentheses
-- repeat: 100000 "("
-- repeat: 100000 ")"

return @11@2
