-- Comes before a phase where registers can be deleted. KEYS[4]: the lowest age of the proposer that
-- is still valid   the last of ARGV: its age Replies with an error to messages of an age that a
-- deletion has ended.

local age, lowest = ARGV[#ARGV], redis.call("GET", KEYS[4]) or "0"
local are_numbers = string.match(age, "^%d+$") and string.match(lowest, "^%d+$")
if not are_numbers or age - lowest < 0 then
    return redis.error_reply("ERR a deletion has ended this age")
end

