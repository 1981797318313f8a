-- outcome: ok 200 done
-- why: empty lines are not free

for i = 1, 10000 do
	log.debug()
end
return "done"
