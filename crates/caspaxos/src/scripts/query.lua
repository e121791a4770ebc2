-- What one Redis server has accepted of a register. It writes nothing.
-- KEYS: promise, ballot, value (of one register)
-- Answers {"ok", accepted ballot, accepted value}.

return {"ok", redis.call("GET", KEYS[2]) or "0,0,0", redis.call("GET", KEYS[3]) or ""}
