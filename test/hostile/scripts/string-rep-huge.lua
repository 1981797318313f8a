-- outcome: ok 200 0
-- why: repeating nothing as often as a number can say takes no time

return #string.rep("", 1e18) .. ""
