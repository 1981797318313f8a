-- outcome: script_error 0 UTF-8
-- why: an answer that is no JSON

return { "\255" }
