-- outcome: script_error 4 script:999: fake
-- why: a message that looks like one with a position

error("script:999: fake")
