-- Takes a lock in the order in which clients first asked for it.
-- KEYS: lock, queue (a list)   ARGV: client, duration in milliseconds
-- Answers 0 if the lock is the client's now, or its place in the queue.

local queued = redis.call('LPOS', KEYS[2], ARGV[1])
if not queued then
    queued = redis.call('RPUSH', KEYS[2], ARGV[1]) - 1
end
if queued > 0 or not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
    return queued + 1
end
redis.call('LPOP', KEYS[2])
return 0
