-- Holds an account back after OnceHub has rejected a request of its, and everybody if the limit is likely to be the
-- address's.
--
-- KEYS: the end of the account's pause; the address's requests, the end of its pause, the accounts just rejected.
-- ARGV: the account, how long, whether OnceHub has accepted the key, within which time rejections of several accounts are
-- the address's; then of each of the address's windows the requests and how long one counts. Times are in microseconds.

local account, wait, coincidence = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function text(number)
  return string.format('%.0f', number)
end

local function pause(key, long)
  if now + long > tonumber(redis.call('GET', key) or 0) then
    redis.call('SET', key, text(now + long), 'PX', text(math.ceil(long / 1000) + 1))
  end
end

pause(KEYS[1], wait)
if ARGV[3] ~= '1' then
  return 0
end
local long
for at = 5, #ARGV, 2 do
  local counted = redis.call('ZCOUNT', KEYS[2], '(' .. text(now - ARGV[at + 1]), '+inf')
  if counted * 8 >= tonumber(ARGV[at]) * 7 then
    long = wait
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', text(now - coincidence))
for _, row in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  local whose, theirs = string.match(row, '^(.*)|(%d+)$')
  if whose == account then
    redis.call('ZREM', KEYS[4], row)
  else
    local shorter = math.min(tonumber(theirs), wait)
    long = long and math.min(long, shorter) or shorter
  end
end
redis.call('ZADD', KEYS[4], text(now), account .. '|' .. text(wait))
redis.call('PEXPIRE', KEYS[4], text(math.ceil(coincidence / 1000) + 1))
if long then
  pause(KEYS[3], long)
end
return 1
