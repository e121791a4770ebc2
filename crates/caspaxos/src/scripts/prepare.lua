-- The first phase of CASPaxos on one Redis server.
-- KEYS: promise, ballot, value (of one register)   ARGV: the ballot "eon,id,era"
-- Answers {"ok", accepted ballot, accepted value} or {"fail", promise}.

local call, match, keys, wanted = redis.call, string.match, KEYS, ARGV[1]
local ballot = "^(%d+),(%d+),(%d+)$"

local stored = call("GET", keys[1])
local promise = stored or "0,0,0"
local eon, id, era = match(wanted, ballot)
local promised_eon, promised_id, promised_era = match(promise, ballot)
if not (eon and promised_eon) then
    return redis.error_reply("ERR a ballot is three numbers")
end

if not stored then
    call("MSET", keys[2], promise, keys[3], "")
end
local ahead = eon - promised_eon
if ahead == 0 then ahead = id - promised_id end
if ahead == 0 then ahead = era - promised_era end
if not (ahead > 0) then
    return {"fail", promise}
end
call("SET", keys[1], wanted)
return {"ok", call("GET", keys[2]), call("GET", keys[3])}
