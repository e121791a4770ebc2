-- Reads an entry, or issues a lease to one client at a time, for a fixed time. The reply also has
-- the value from before the last invalidation. KEYS: value, lease, block, outdated value   ARGV:
-- token, duration of the block in milliseconds Answers {value, false, false}, {false, token,
-- outdated} or {false, false, outdated}, where outdated is false if there is none.

local value = redis.call('GET', KEYS[1])
if value then
    return {value, false, false}
end
local outdated = redis.call('GET', KEYS[4])
if redis.call('EXISTS', KEYS[3]) == 1 then
    return {false, false, outdated}
end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], 'blocked', 'PX', ARGV[2])
return {false, ARGV[1], outdated}
