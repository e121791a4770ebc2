-- Not safe: erases a register that holds a tombstone, of whatever ballot.
-- KEYS: promise, ballot, value (of one register)   ARGV: the value of a tombstone

if redis.call("GET", KEYS[3]) == ARGV[1] then
    redis.call("DEL", KEYS[1], KEYS[2], KEYS[3])
    return {"erased"}
end
return {"ok"}
