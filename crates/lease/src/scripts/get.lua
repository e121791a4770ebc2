-- Reads through a lease: the value, or else a lease on filling it, which takes the place of all
-- that were given before.
-- KEYS: value, lease   ARGV: a token that nobody else has
-- Answers {value, false} or {false, token}.

local value = redis.call('GET', KEYS[1])
if value then
    return {value, false}
end
redis.call('SET', KEYS[2], ARGV[1])
return {false, ARGV[1]}
