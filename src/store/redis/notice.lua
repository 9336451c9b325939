-- The notices of an account, by when they end.
--
-- KEYS: the notices; for `take`, the mark that this one has been taken. ARGV: what to do; unless that is `left`, the notice's
-- id and how long it is kept in milliseconds; for `leave`, its text and the most that are kept.
-- Returns for `left` all of them, the earliest first, each with its id before a bar; for `take` 1 the first time, else 0.

local what, id, keep = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
local all = redis.call('ZRANGE', KEYS[1], 0, -1)
if what == 'left' then return all end

for _, notice in ipairs(all) do
  if string.sub(notice, 1, #id + 1) == id .. '|' then redis.call('ZREM', KEYS[1], notice) end
end
if what == 'take' then
  return redis.call('SET', KEYS[2], 1, 'NX', 'PX', keep) and 1 or 0
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + keep), id .. '|' .. ARGV[4])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[5]))
redis.call('PEXPIRE', KEYS[1], keep)
return 1
