-- outcome: script_error 0 ?
-- why: a message that is no text

error("\255\254\0\1", 0)
