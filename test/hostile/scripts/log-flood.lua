-- outcome: ok 200 done
-- why: log lines beyond the budget are cut, and the script goes on

for i = 1, 2000 do
	log.info(("x"):rep(1000))
end
return "done"
