-- outcome: script_error 4 invalid key
-- why: next with a key that was never there

return next({ 1, 2, 3 }, "nowhere")
