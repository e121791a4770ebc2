-- Erases a register that still holds a tombstone.
-- KEYS: promise, ballot, value (of one register)   ARGV: the ballot of the tombstone
-- Answers {"erased"}; {"ok"} if it did not hold it any more; and {"fail", promise} if somebody has
-- been promised since, who may be about to write on top of it.

if redis.call("GET", KEYS[2]) ~= ARGV[1] then
    return {"ok"}
end
local promise = redis.call("GET", KEYS[1])
if promise ~= ARGV[1] then
    return {"fail", promise}
end
redis.call("DEL", KEYS[1], KEYS[2], KEYS[3])
return {"erased"}
