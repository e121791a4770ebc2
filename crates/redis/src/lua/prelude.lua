-- What scripts see in place of some of Lua's own functions, and how a script is run.
--
-- Three things are at stake. Nothing that a script does may outlast it: what it can reach is
-- protected against writing. Nothing may depend on where an object lies in memory: neither what
-- `tostring` says nor the order in which `next` goes. And nothing may catch the error that ends a
-- script which has used up its instructions or its memory: whatever catches errors looks at them.
--
-- `host` holds functions written in Rust. An error that one of them raises is a userdata, which
-- no script ever gets to see: `host.caught` and `host.told` turn it into what Redis would show.

local host = ...
local globals = _G
local raw_pcall, raw_xpcall, raw_next, raw_tostring = pcall, xpcall, next, tostring
local raw_setmetatable, raw_getmetatable = setmetatable, getmetatable
local raw_rawset, raw_rawget = rawset, rawget
local raw_insert, raw_remove, raw_sort = table.insert, table.remove, table.sort
local raw_resume = coroutine.resume
local type, select, format = type, select, string.format
local error, tonumber, concat, unpack = error, tonumber, table.concat, unpack

-- Errors that C functions raise are made to look as if the caller had called the C function
-- itself: `complain` sets in the name and the place.
local function results(ok, ...)
    if ok then return ... end
    host.complain((...), 2)
    error((...), 0)
end

local function has(number, ...)
    if select('#', ...) < number then
        host.missing(number)
    end
end

-- Protected tables. A protected table is empty and stands for another, which is read through it.
local stands_for = {}

local function protect(real)
    local proxy = raw_setmetatable({}, {
        __index = real, __newindex = host.read_only, __metatable = false,
    })
    stands_for[proxy] = real
    return proxy
end

local function behind(t)
    return t ~= nil and stands_for[t] or t
end

function setmetatable(...)
    if behind(...) ~= ... then host.read_only_raw() end
    local t = results(raw_pcall(raw_setmetatable, ...))
    return t
end

function getmetatable(...)
    if behind(...) ~= ... then return nil end
    has(1, ...)
    return raw_getmetatable((...))
end

function rawset(...)
    if behind(...) ~= ... then host.read_only_raw() end
    local t = results(raw_pcall(raw_rawset, ...))
    return t
end

function rawget(...)
    local t = results(raw_pcall(raw_rawget, behind(...), select(2, ...)))
    return t
end

-- Errors.
local function caught(ok, ...)
    if ok then return true, ... end
    return false, host.caught((...))
end

function pcall(...)
    if select('#', ...) == 0 then
        return false, 'attempt to call a boolean value'
    end
    return caught(raw_pcall(...))
end

local function handled(ok, ...)
    if ok then return true, ... end
    host.stop_if_due()
    return false, ...
end

function xpcall(...)
    has(2, ...)
    local f, handler = ...
    return handled(raw_xpcall(f, function(raised)
        if host.is_final(raised) then return end
        return handler(host.told(raised))
    end))
end

local function resumed(ok, ...)
    if ok then return true, ... end
    return false, host.told((...))
end

function coroutine.resume(...)
    if type((...)) ~= 'thread' then
        host.complain("bad argument #1 to '?' (coroutine expected)", 1)
    end
    return resumed(raw_resume(...))
end

function load(...)
    local piece, name = ...
    if type(piece) ~= 'function' then
        host.expected(1, 'function', select('#', ...) > 0 and type(piece) or 'no value')
    end
    local pieces = {}
    while true do
        local text = piece()
        if text == nil or text == '' then break end
        if type(text) ~= 'string' then
            return nil, 'reader function must return a string'
        end
        pieces[#pieces + 1] = text
    end
    return loadstring(concat(pieces), name or '=(load)')
end

-- Replacements that are functions or tables are looked up in Lua, so that errors pass through.
local plain_gsub, matches = host.string.gsub, host.string.matches

local function replace(pieces, replacement, before, whole, ...)
    pieces[#pieces + 1] = before
    if whole == nil then return false end
    local value
    if type(replacement) == 'table' then
        value = replacement[(...)]
    else
        value = replacement(...)
    end
    local kind = type(value)
    if not value then
        value = whole
    elseif kind ~= 'string' and kind ~= 'number' then
        error(format('invalid replacement value (a %s)', kind), 3)
    end
    pieces[#pieces + 1] = value
    return true
end

local function gsub(...)
    local replacement = select(3, ...)
    if type(replacement) ~= 'function' and type(replacement) ~= 'table' then
        local text, count = plain_gsub(...)
        return text, count
    end
    local pieces, count, find = {}, 0, nil
    find = matches(...)
    while replace(pieces, replacement, find()) do
        count = count + 1
    end
    return concat(pieces), count
end

-- What objects are called, and in what order tables are walked through. Lua places a key that is
-- an object by its address, so that the order of a table with such a key is different each time.
local names, named
local prefixes = {table = 'table', ['function'] = 'function', thread = 'thread'}

function tostring(...)
    has(1, ...)
    local value = ...
    local prefix = prefixes[type(value)]
    if not prefix then return raw_tostring(value) end
    local metatable = raw_getmetatable(value)
    if metatable and not stands_for[value] and type(metatable) == 'table'
        and raw_rawget(metatable, '__tostring') then
        return raw_tostring(value)
    end
    names = names or {}
    if not names[value] then
        named = named + 1
        names[value] = named
    end
    return format('%s: 0x%012x', prefix, names[value])
end

local function check_order(t)
    for key in raw_next, t do
        if prefixes[type(key)] then host.no_order() end
    end
end

local checked

function next(...)
    local t, key = ...
    if type(t) ~= 'table' then
        host.expected(1, 'table', select('#', ...) > 0 and type(t) or 'no value')
    end
    t = stands_for[t] or t
    if key == nil or checked ~= t then
        checked = t
        check_order(t)
    end
    local key, value = results(raw_pcall(raw_next, t, key))
    if prefixes[type(key)] then host.no_order() end
    return key, value
end

local function step(t, key)
    local key, value = raw_next(t, key)
    if prefixes[type(key)] then host.no_order() end
    return key, value
end

function pairs(...)
    local t = ...
    if type(t) ~= 'table' then
        host.expected(1, 'table', select('#', ...) > 0 and type(t) or 'no value')
    end
    t = stands_for[t] or t
    check_order(t)
    return step, t, nil
end

-- Tables. What takes long in C is counted, or done in Lua, where each instruction counts.
function table.insert(...)
    local t, position = ...
    if behind(t) ~= t then host.read_only_raw() end
    if type(t) == 'table' and select('#', ...) == 3 then
        host.spend(#t - (tonumber(position) or 0))
    end
    results(raw_pcall(raw_insert, ...))
end

function table.remove(...)
    local t, position = ...
    if type(t) == 'table' and position ~= nil then
        host.spend(#t - (tonumber(position) or 0))
    end
    if select('#', ...) == 0 then
        results(raw_pcall(raw_remove))
    end
    local value = results(raw_pcall(raw_remove, t, position))
    return value
end

local function less(a, b)
    return a < b
end

function table.sort(...)
    local t, before = ...
    if type(t) == 'table' and type(before) == 'function' then
        return raw_sort(t, before)
    end
    if select('#', ...) == 0 then
        results(raw_pcall(raw_sort))
    end
    local ok, raised = raw_pcall(raw_sort, t, before == nil and less or before)
    if not ok then
        host.complain(raised, 1)
        error(raised, 0)
    end
end

function table.foreach(...)
    has(2, ...)
    local t, f = ...
    for key, value in pairs(t) do
        local result = f(key, value)
        if result ~= nil then return result end
    end
end

function table.foreachi(...)
    has(2, ...)
    local t, f = ...
    for index = 1, #t do
        local result = f(index, raw_rawget(t, index))
        if result ~= nil then return result end
    end
end

local collect_answers = {
    stop = 0, restart = 0, collect = 0, count = 0, step = false, setpause = 200, setstepmul = 200,
}

function collectgarbage(...)
    local what = ...
    if what == nil then what = 'collect' end
    local answer = collect_answers[what]
    if answer == nil then
        host.complain(format("bad argument #1 to '?' (invalid option '%s')", raw_tostring(what)), 1)
    end
    return answer
end

function gcinfo()
    return 0, 0
end

-- The world of a script.
for _, name in raw_next, {'dofile', 'loadfile', 'print', 'require', 'module', 'package', 'newproxy',
    'getfenv', 'setfenv', 'io', 'os', 'debug'} do
    globals[name] = nil
end
for name, value in raw_next, host.globals do globals[name] = value end
for name, value in raw_next, host.string do string[name] = value end
string.gsub, string.matches = gsub, nil
string.gfind = string.gmatch
for name, value in raw_next, host.math do math[name] = value end
math.mod = math.fmod

local libraries = {
    string = string, table = table, math = math, coroutine = coroutine, redis = host.redis,
    bit = host.bit, struct = host.struct, cjson = host.cjson, cmsgpack = host.cmsgpack,
}
local strings = raw_getmetatable('')
strings.__index = string
strings.__metatable = protect({__index = protect(string)})
for name, library in raw_next, libraries do
    raw_rawset(globals, name, protect(library))
end
globals.__redis__err__handler = function(raised) return raised end
raw_setmetatable(globals, {__index = host.no_global})
local environment = protect(globals)
globals._G = environment

local function run(main, keys, arguments)
    globals.KEYS, globals.ARGV = keys, arguments
    names, named, checked = nil, 0, nil
    return raw_xpcall(main, host.at_error)
end

return environment, globals, run
