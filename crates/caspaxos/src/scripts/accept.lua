-- The second phase of CASPaxos on one Redis server.
-- KEYS: promise, ballot, value (of one register)   ARGV: the ballot "eon,id,era", the value
-- Answers {"ok"} or {"fail", promise}. Accepting the same again is no conflict.

local call, match, keys, wanted = redis.call, string.match, KEYS, ARGV[1]
local ballot = "^(%d+),(%d+),(%d+)$"

local promise = call("GET", keys[1]) or "0,0,0"
local eon, id, era = match(wanted, ballot)
local ahead = eon and 0
-- Mostly it is what was promised just before.
if ahead and promise ~= wanted then
    local promised_eon, promised_id, promised_era = match(promise, ballot)
    ahead = promised_eon and eon - promised_eon
    if ahead == 0 then ahead = id - promised_id end
    if ahead == 0 then ahead = era - promised_era end
end
if not ahead then
    return redis.error_reply("ERR a ballot is three numbers")
end
if ahead < 0 then
    return {"fail", promise}
end
call("MSET", keys[1], wanted, keys[2], wanted, keys[3], ARGV[2])
return {"ok"}
