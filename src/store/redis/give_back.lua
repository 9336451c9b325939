-- Gives back a moment that was not used.
--
-- KEYS: the address's requests, then those of its account, by each name that this server knows for it.
-- ARGV: the request's name, and how the keys of accounts' requests begin.
--
-- Another server may have learned in the meantime which account this is. The address's log says whose the request is now.

local name, accounts = ARGV[1], ARGV[2]
for at = 2, #KEYS do
  redis.call('ZREM', KEYS[at], name)
end
for _, row in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local whose, which = string.match(row, '^[^|]*|([^|]*)|(.*)$')
  if which == name then
    redis.call('ZREM', KEYS[1], row)
    redis.call('ZREM', accounts .. whose, name)
  end
end
return 1
