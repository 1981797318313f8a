-- JSON, encoding and decoding, both written in Lua: neither plain gopher-lua nor
-- lua5.1 has a library for it, so the library that our scripts get plays no part.
local escapes = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t"}
local unescapes = {['"'] = '"', ["\\"] = "\\", ["/"] = "/", n = "\n", t = "\t"}

local function quote(s) return '"' .. s:gsub('["\\\n\t]', escapes) .. '"' end

local function encode(v)
  if type(v) == "table" then
    local parts = {}
    if v[1] ~= nil then
      for i = 1, #v do parts[i] = encode(v[i]) end
      return "[" .. table.concat(parts, ",") .. "]"
    end
    local keys = {}
    for k in pairs(v) do keys[#keys + 1] = k end
    table.sort(keys)
    for i, k in ipairs(keys) do parts[i] = quote(k) .. ":" .. encode(v[k]) end
    return "{" .. table.concat(parts, ",") .. "}"
  elseif type(v) == "string" then
    return quote(v)
  end
  return tostring(v)
end

local decode

local function decodeString(s, i)
  local parts = {}
  while true do
    local j = s:find('["\\]', i)
    parts[#parts + 1] = s:sub(i, j - 1)
    if s:byte(j) == 34 then return table.concat(parts), j + 1 end
    parts[#parts + 1] = unescapes[s:sub(j + 1, j + 1)]
    i = j + 2
  end
end

local function skip(s, i) return s:find("[^ \n\t]", i) end

local function decodeArray(s, i)
  local t = {}
  i = skip(s, i)
  if s:byte(i) == 93 then return t, i + 1 end
  while true do
    t[#t + 1], i = decode(s, i)
    i = skip(s, i)
    if s:byte(i) == 93 then return t, i + 1 end
    i = i + 1
  end
end

local function decodeObject(s, i)
  local t = {}
  i = skip(s, i)
  if s:byte(i) == 125 then return t, i + 1 end
  while true do
    local k
    k, i = decodeString(s, skip(s, i) + 1)
    i = skip(s, i) + 1
    t[k], i = decode(s, i)
    i = skip(s, i)
    if s:byte(i) == 125 then return t, i + 1 end
    i = i + 1
  end
end

function decode(s, i)
  i = skip(s, i)
  local c = s:byte(i)
  if c == 34 then return decodeString(s, i + 1) end
  if c == 91 then return decodeArray(s, i + 1) end
  if c == 123 then return decodeObject(s, i + 1) end
  if s:sub(i, i + 3) == "true" then return true, i + 4 end
  if s:sub(i, i + 4) == "false" then return false, i + 5 end
  local j = s:find("[^%d.eE+-]", i) or #s + 1
  return tonumber(s:sub(i, j - 1)), j
end

local people = {}
for i = 1, 60 do
  people[i] = {
    name = 'N "' .. i .. '"\n', age = i, tags = {"a", "b" .. i, "c\\d"},
    address = {street = "Street " .. i, zip = 10000 + i}, active = i % 2 == 0,
  }
end

local text = encode(people)
for _ = 1, 15 do text = encode((decode(text, 1))) end

local sum = 0
for i = 1, #text, 5 do sum = (sum * 31 + text:byte(i)) % 1000003 end

return string.format("%d %d", #text, sum)
