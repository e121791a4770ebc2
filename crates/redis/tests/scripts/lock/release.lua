-- Gives a lock back, if it is the client's: 1 if it is not the client's any more.
-- KEYS: lock   ARGV: client

local owner = redis.call('GET', KEYS[1])
if not owner then
    return 1
end
if owner ~= ARGV[1] then
    return 0
end
return redis.call('DEL', KEYS[1])
