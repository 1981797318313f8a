-- outcome: script_error 5 attempt to call
-- why: removing a string method

string.rep = nil
return ("x"):rep(2)
