-- outcome: limit_exceeded max_expr_depth 64
-- why: thirty thousand blocks within each other
-- repeat: 30000 "do "
-- repeat: 30000 "end "

@1@2
