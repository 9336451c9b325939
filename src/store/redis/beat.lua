-- Records that a server is alive, and tells it what it needs to know in case the store goes away.
--
-- KEYS: the servers, the secret that they share, the address's requests, and when all use the store again.
-- ARGV: the server, the address that it sends from, how long it counts as alive, a secret in case there is none, in how many
-- milliseconds all use the store again after an outage, or 0; then for each of the address's windows how long a request
-- counts. Times are in microseconds.
-- Returns the secret, in how many milliseconds all use the store again, how many servers are alive, how many of them send
-- from that address, and how many requests each of the address's windows counts.

local alive = tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function text(number)
  return string.format('%.0f', number)
end

redis.call('ZADD', KEYS[1], text(now), ARGV[2] .. '|' .. ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - alive))
redis.call('PEXPIRE', KEYS[1], text(math.ceil(alive / 1000)))
redis.call('SET', KEYS[2], ARGV[4], 'NX')
local here, all = 0, redis.call('ZRANGE', KEYS[1], 0, -1)
for _, server in ipairs(all) do
  if string.match(server, '^(.*)|[^|]*$') == ARGV[2] then
    here = here + 1
  end
end
local settles_in = tonumber(ARGV[5])
if settles_in > 0 then
  -- The first server that finds it back sets the time for all.
  redis.call('SET', KEYS[4], '', 'NX', 'PX', ARGV[5])
  settles_in = redis.call('PTTL', KEYS[4])
end
local answer = {redis.call('GET', KEYS[2]), settles_in, #all, here}
for at = 6, #ARGV do
  answer[#answer + 1] = redis.call('ZCOUNT', KEYS[3], '(' .. text(now - ARGV[at]), '+inf')
end
return answer
