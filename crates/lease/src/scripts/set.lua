-- Fills in the value under a lease, which must be the one that was given last. It stays valid.
-- KEYS: value, lease, block   ARGV: token, value, and if it is not to stay, for how many
-- milliseconds it does

if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    return redis.error_reply('LEASE the lease is not valid')
end
if ARGV[3] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
    redis.call('SET', KEYS[1], ARGV[2])
end
redis.call('DEL', KEYS[3])
return redis.status_reply('OK')
