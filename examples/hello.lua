-- What a script returns is the response: a table becomes JSON.
local name = ctx.request.query.name or "world"
log.info("greeting " .. name)

return {
  hello = name,
  method = ctx.request.method,
  path = ctx.request.path,
  script = ctx.script.name,
  version = ctx.script.version,
}
