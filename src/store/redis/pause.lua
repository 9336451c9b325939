-- Holds an account back after OnceHub has rejected one of its requests, and everybody if the limit is likely to be the
-- address's.
--
-- KEYS: the end of the account's pause; the address's requests, the end of its pause, the accounts just rejected.
-- ARGV: the account, how long ago that was, how long OnceHub asked it to wait, whether OnceHub has accepted the key, within
-- which time rejections of several accounts are the address's; then of each of the address's windows at how many requests it
-- is nearly used up, and how long one counts. Times are in microseconds.

local account, ago, wait, coincidence = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- A server tells it late if the store was away.
local rejected_at = now - ago

local function text(number)
  return string.format('%.0f', number)
end

local function pause(key, duration)
  local ends = rejected_at + duration
  if ends > now and ends > tonumber(redis.call('GET', key) or 0) then
    redis.call('SET', key, text(ends), 'PX', text(math.ceil((ends - now) / 1000) + 1))
  end
end

pause(KEYS[1], wait)
if ARGV[4] ~= '1' then
  return 0
end
-- Of rejections that only coincide, any may be due to an account's own limit: the shortest wait is the likeliest to be the
-- address's. An address that is nearly used up is held back for as long as OnceHub says.
local shortest
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', text(rejected_at - coincidence))
for _, row in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', '(' .. text(rejected_at + coincidence))) do
  local whose, theirs = string.match(row, '^(.*)|(%d+)$')
  if whose == account then
    redis.call('ZREM', KEYS[4], row)
  else
    shortest = math.min(shortest or wait, tonumber(theirs))
  end
end
redis.call('ZADD', KEYS[4], text(rejected_at), account .. '|' .. text(wait))
redis.call('PEXPIRE', KEYS[4], text(math.ceil((ago + coincidence) / 1000) + 1))
for at = 6, #ARGV, 2 do
  if redis.call('ZCOUNT', KEYS[2], '(' .. text(now - ARGV[at + 1]), '+inf') >= tonumber(ARGV[at]) then
    shortest = wait
  end
end
if shortest then
  pause(KEYS[3], shortest)
end
return 1
