-- Not safe: erases a register that holds a tombstone, of whatever ballot.
-- KEYS: promise, ballot, value (of one register)   ARGV: the ballot of the tombstone, not looked at

if redis.call("GET", KEYS[3]) == "0:0" then
    redis.call("DEL", KEYS[1], KEYS[2], KEYS[3])
    return {"erased"}
end
return {"ok"}
