-- Makes the requests of one account those of another, or of a key that OnceHub has accepted by now.
--
-- KEYS: the requests and the pause of the one, of the other, and the address's requests.
-- ARGV: the one, and the other.

local from, to = ARGV[1], ARGV[2]
local rows = redis.call('ZRANGE', KEYS[5], 0, -1, 'WITHSCORES')
for at = 1, #rows, 2 do
  local whose, name = string.match(rows[at], '^[^|]*|([^|]*)|(.*)$')
  if whose == from then
    redis.call('ZREM', KEYS[5], rows[at])
    redis.call('ZADD', KEYS[5], rows[at + 1], '|' .. to .. '|' .. name)
  end
end
if from == to then
  return 0
end
local ttl = math.max(redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[3]))
if redis.call('ZUNIONSTORE', KEYS[3], 2, KEYS[1], KEYS[3], 'AGGREGATE', 'MAX') > 0 and ttl > 0 then
  redis.call('PEXPIRE', KEYS[3], ttl)
end
local pause, theirs = redis.call('GET', KEYS[2]), redis.call('GET', KEYS[4])
if pause and tonumber(pause) > tonumber(theirs or 0) then
  redis.call('SET', KEYS[4], pause, 'PX', math.max(redis.call('PTTL', KEYS[2]), 1))
end
redis.call('DEL', KEYS[1], KEYS[2])
return 1
