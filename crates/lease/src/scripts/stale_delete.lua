-- Invalidates the value and the lease on it, and keeps the value for a while as an outdated one.
-- The block stays, so that there is no more than one lease in its time.
-- KEYS: value, lease, outdated value   ARGV: for how many milliseconds it is kept

local value = redis.call('GET', KEYS[1])
if value then
    redis.call('SET', KEYS[3], value, 'PX', ARGV[1])
end
redis.call('DEL', KEYS[1], KEYS[2])
return redis.status_reply('OK')
