-- outcome: timeout 200
-- limits: timeout_ms=200 max_operations=1000000000000
-- why: a script that watches the clock

local begin = os.time()
while os.time() - begin < 100 do end
return "waited"
