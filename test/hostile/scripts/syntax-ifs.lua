-- outcome: limit_exceeded max_expr_depth 64
-- why: ten thousand ifs within each other
-- repeat: 10000 "if a then "
-- repeat: 10000 "end "

@1@2
