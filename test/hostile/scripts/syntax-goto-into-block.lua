-- outcome: invalid_script 4 nowhere
-- why: a jump into a block

goto nowhere
do
	::nowhere::
end
