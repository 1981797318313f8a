-- outcome: ok 200 done
-- why: dates far away, and every conversion there is

for c = 1, 255 do
	pcall(os.date, "%" .. string.char(c), 0)
	pcall(os.date, "!%" .. string.char(c), 1e15)
	pcall(os.date, "%" .. string.char(c), -1e15)
end
pcall(os.date, "*t", 1 / 0)
pcall(os.time, { year = 1e300, month = 1e300, day = 1e300 })
return "done"
