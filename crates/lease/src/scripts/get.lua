-- Reads an entry: the value, or a lease to fill it in, which replaces all earlier leases. KEYS:
-- value, lease   ARGV: a unique token Replies {value, false} or {false, token}.

local value = redis.call('GET', KEYS[1])
if value then
    return {value, false}
end
redis.call('SET', KEYS[2], ARGV[1])
return {false, ARGV[1]}
