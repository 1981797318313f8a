-- outcome: limit_exceeded max_expr_depth 64
-- why: ten thousand functions within each other
-- repeat: 10000 "return function() "
-- repeat: 10000 "end "

@1@2
