-- The first phase of CASPaxos on one Redis server.
-- KEYS: promise, ballot, value (of one register)   ARGV: the ballot "eon,id,era"
-- Answers {"ok", accepted ballot, accepted value} or {"fail", promise}.

local function parse(text)
    local eon, id, era = string.match(text, "(%d+),(%d+),(%d+)")
    return {tonumber(eon), tonumber(id), tonumber(era)}
end

local function less(a, b)
    for i = 1, 3 do
        if a[i] ~= b[i] then return a[i] < b[i] end
    end
    return false
end

local promise = redis.call("GET", KEYS[1])
if not promise then
    promise = "0,0,0"
    redis.call("SET", KEYS[2], promise)
    redis.call("SET", KEYS[3], "")
end

if less(parse(promise), parse(ARGV[1])) then
    redis.call("SET", KEYS[1], ARGV[1])
    return {"ok", redis.call("GET", KEYS[2]), redis.call("GET", KEYS[3])}
end
return {"fail", promise}
