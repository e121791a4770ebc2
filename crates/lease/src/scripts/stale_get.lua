-- Reads, or gives out a lease to one client at a time, which has it for a while whatever becomes of
-- it. What was there before the last invalidation is told too, for those who can do with that.
-- KEYS: value, lease, block, outdated value   ARGV: token, duration of the block in milliseconds
-- Answers {value, false, false}, {false, token, outdated} or {false, false, outdated}, where
-- outdated is false if there is none.

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
