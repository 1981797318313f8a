-- outcome: limit_exceeded max_string_size 10000
-- limits: max_string_size=10000 max_operations=10000000 memory_limit_mb=24
-- why: quoting doubles quotes

return tostring(pcall(string.format, "%q", ('"'):rep(6000)))
