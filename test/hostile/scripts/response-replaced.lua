-- outcome: ok 200 text
-- why: replacing response and json changes no answer

response = nil
json.encode = function() while true do end end
json = nil
return "text"
