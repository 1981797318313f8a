-- outcome: script_error 4 two
-- why: a message of two lines

error("one\ntwo\r\nHTTP/1.1 200 OK")
