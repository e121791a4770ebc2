-- The second phase of CASPaxos on one Redis server.
-- KEYS: promise, ballot, value (of one register)   ARGV: the ballot "eon,id,era", the value
-- Answers {"ok"} or {"fail", promise}. Accepting the same again is no conflict.

local function parse(text)
    local eon, id, era = string.match(text, "^(%d+),(%d+),(%d+)$")
    return eon and {tonumber(eon), tonumber(id), tonumber(era)}
end

local function less(a, b)
    for i = 1, 3 do
        if a[i] ~= b[i] then return a[i] < b[i] end
    end
    return false
end

local stored = redis.call("GET", KEYS[1]) or "0,0,0"
local wanted, promise = parse(ARGV[1]), parse(stored)
if not (wanted and promise) then
    return redis.error_reply("ERR a ballot is three numbers")
end

if less(wanted, promise) then
    return {"fail", stored}
end
redis.call("SET", KEYS[1], ARGV[1])
redis.call("SET", KEYS[2], ARGV[1])
redis.call("SET", KEYS[3], ARGV[2])
return {"ok"}
