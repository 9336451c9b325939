-- Moves the requests, the pause and the notices of one account to another; or takes those of a key that OnceHub has accepted
-- out of its network's.
--
-- KEYS: the requests and the pause of the one, of the other, the address's requests, and the notices of both.
-- ARGV: the one, and the other.
--
-- Requests that still wait for their moments are moved, too: those of other servers leave at them.

local from, to = ARGV[1], ARGV[2]
local rows = redis.call('ZRANGE', KEYS[5], 0, -1, 'WITHSCORES')
for at = 1, #rows, 2 do
  local whose, name = string.match(rows[at], '^[^|]*|([^|]*)|(.*)$')
  local moved = '|' .. to .. '|' .. name
  if whose == from and moved ~= rows[at] then
    -- In this order, since a log without requests would lose its expiry.
    redis.call('ZADD', KEYS[5], rows[at + 1], moved)
    redis.call('ZREM', KEYS[5], rows[at])
  end
end
if from == to then
  return 0
end
for one, other in pairs({[KEYS[1]] = KEYS[3], [KEYS[6]] = KEYS[7]}) do
  local ttl = math.max(redis.call('PTTL', one), redis.call('PTTL', other))
  if redis.call('ZUNIONSTORE', other, 2, one, other, 'AGGREGATE', 'MAX') > 0 and ttl > 0 then
    redis.call('PEXPIRE', other, ttl)
  end
end
local pause, theirs = redis.call('GET', KEYS[2]), redis.call('GET', KEYS[4])
if pause and tonumber(pause) > tonumber(theirs or 0) then
  redis.call('SET', KEYS[4], pause, 'PX', math.max(redis.call('PTTL', KEYS[2]), 1))
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[6])
return 1
