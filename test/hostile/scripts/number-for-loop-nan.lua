-- outcome: ok 200 done
-- why: a loop to not-a-number does not run

for i = 1, 0 / 0 do
	return "ran"
end
return "done"
