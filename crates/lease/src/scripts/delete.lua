-- Invalidates the value and the lease on it.
-- KEYS: value, lease, block

redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
return redis.status_reply('OK')
