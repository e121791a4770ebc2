-- Reads many keys. Under a key stands `val:` and a value, or `cas:` and the number of a lease on
-- filling it, which all who miss within three seconds share.
-- KEYS: the keys, then the counter of leases

local counter = table.remove(KEYS)
local found = {}
for index, key in ipairs(KEYS) do
    local stored = redis.call('GET', key)
    if not stored then
        stored = string.format('cas:%d', redis.call('INCR', counter))
        redis.call('SET', key, stored, 'EX', 3)
    end
    found[index] = stored
end
return found
