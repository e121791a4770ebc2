-- Takes a lock, or takes it again: 1 if it is the client's now.
-- KEYS: lock   ARGV: client, duration in milliseconds

if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
    return 1
end
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
