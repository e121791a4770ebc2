-- Has messages of proposers rejected that are of an earlier age than these. KEYS: the lowest valid
-- age of each proposer   ARGV: the ages Ages only grow: it may be called again, and late.

for i, key in ipairs(KEYS) do
    local age, lowest = ARGV[i], redis.call("GET", key) or "0"
    if not string.match(age, "^%d+$") then
        return redis.error_reply("ERR an age is a number")
    end
    if not string.match(lowest, "^%d+$") or age - lowest > 0 then
        redis.call("SET", key, age)
    end
end
return {"ok"}
