-- Fills in many keys, each under its lease.
-- KEYS: the keys   ARGV: for each the number of its lease, the value, its time to live in seconds
-- Answers for each `OK`, `NF` (nothing there) or `EX` (there is something else).

local answers = {}
for index, key in ipairs(KEYS) do
    local lease, value, seconds = unpack(ARGV, 3 * index - 2, 3 * index)
    local stored = redis.call('GET', key)
    if not stored then
        answers[index] = 'NF'
    elseif stored ~= 'cas:' .. lease then
        answers[index] = 'EX'
    else
        redis.call('SET', key, 'val:' .. value, 'EX', seconds)
        answers[index] = 'OK'
    end
end
return answers
