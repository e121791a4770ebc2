-- As get.lua, but only one client at a time gets a lease. Other clients get neither, until the
-- lease has been used or the block has expired. KEYS: value, lease, block   ARGV: token, duration
-- of the block in milliseconds Answers {value, false}, {false, token} or {false, false}.

local value = redis.call('GET', KEYS[1])
if value then
    return {value, false}
end
if redis.call('EXISTS', KEYS[3]) == 1 then
    return {false, false}
end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], 'blocked', 'PX', ARGV[2])
return {false, ARGV[1]}
