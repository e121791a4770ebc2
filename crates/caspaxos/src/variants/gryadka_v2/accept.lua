-- The second phase, by the rules of Gryadka's second version, on one Redis server.
-- KEYS: promise, ballot, value (of one register)
-- ARGV: the ballot "counter,id", and after another comma the number of the attempt; the value
-- Answers {"ok"} or {"fail", the ballot that is in the way}. To accept is to promise the proposer's
-- next ballot, which is always the one after this. Accepting the same again is a conflict.

local function parse(text)
    local counter, id = string.match(text, "^(%d+),(%d+),%d+$")
    return counter and {tonumber(counter), tonumber(id)}
end

local function less(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
end

local function text_of(ballot)
    return string.format("%.0f,%.0f,0", ballot[1], ballot[2])
end

local wanted = parse(ARGV[1])
if not wanted then
    return redis.error_reply("ERR a ballot is three numbers")
end
if not redis.call("GET", KEYS[1]) then
    redis.call("SET", KEYS[1], "0,0,0")
    redis.call("SET", KEYS[2], "0,0,0")
    redis.call("SET", KEYS[3], "")
end
local promise_text = redis.call("GET", KEYS[1])
local accepted_text = redis.call("GET", KEYS[2]) or "0,0,0"
local promise, accepted = parse(promise_text), parse(accepted_text)
if not (promise and accepted) then
    return redis.error_reply("ERR a ballot is three numbers")
end

if less(wanted, promise) then
    return {"fail", promise_text}
end
if not less(accepted, wanted) then
    return {"fail", accepted_text}
end
redis.call("SET", KEYS[1], text_of({wanted[1] + 1, wanted[2]}))
redis.call("SET", KEYS[2], text_of(wanted))
redis.call("SET", KEYS[3], ARGV[2])
return {"ok"}
