-- Not safe: erases a register that still holds a tombstone, and with it what it has promised since.
-- KEYS: promise, ballot, value (of one register)   ARGV: the ballot of the tombstone

if redis.call("GET", KEYS[2]) == ARGV[1] then
    redis.call("DEL", KEYS[1], KEYS[2], KEYS[3])
    return {"erased"}
end
return {"ok"}
