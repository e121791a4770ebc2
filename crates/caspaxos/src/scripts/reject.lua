-- Has messages of proposers rejected that are of an earlier age than these.
-- KEYS: the lowest age that is heard, of each proposer   ARGV: the ages
-- Ages only grow: it may be called again, and late.

for i, key in ipairs(KEYS) do
    if tonumber(ARGV[i]) > tonumber(redis.call("GET", key) or "0") then
        redis.call("SET", key, ARGV[i])
    end
end
return {"ok"}
