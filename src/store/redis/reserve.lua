-- Reserves the first moment at which a request may be sent, in the windows of its account and of its address.
--
-- KEYS: the account's requests, the end of its pause; the address's requests, the end of its pause; the account's notices.
-- ARGV: the request's name, its account, its network if OnceHub has not accepted its key, how long it can wait; the share
-- of an account, the part of strangers, their trickle; then for the account and for the address the number of windows, and
-- of each its requests, how long one counts, and its period. Times are in microseconds, by the store's clock.
-- Returns 1 if a moment is reserved, else 0; how long it is until that moment; whether the account has notices; and how many
-- requests each of the address's windows counts.

local name, account, network, patience = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local share, part, trickle = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local next_argument = 8

local function windows()
  local all = {longest = 0}
  local count = tonumber(ARGV[next_argument])
  next_argument = next_argument + 1
  for at = 1, count do
    local window = {
      requests = tonumber(ARGV[next_argument]),
      counts_for = tonumber(ARGV[next_argument + 1]),
      period = tonumber(ARGV[next_argument + 2]),
    }
    all[at], all.longest = window, math.max(all.longest, window.counts_for)
    next_argument = next_argument + 3
  end
  return all
end

local of_account, of_address = windows(), windows()

local function text(number)
  return string.format('%.0f', number)
end

-- Nothing is reserved or paused further ahead than this, since no call takes that long. What seems to be was stored before
-- the clock was set back.
local furthest = now + 660 * 1000000

-- Drops what no window counts any more, and returns the rest in order.
local function requests(key, longest)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now - longest))
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', key, text(furthest), '+inf')) do
    redis.call('ZADD', key, text(now), name)
  end
  local log, rows = {}, redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for at = 1, #rows, 2 do
    log[#log + 1] = {name = rows[at], at = tonumber(rows[at + 1])}
  end
  return log
end

local moment = now
for _, pause in ipairs({KEYS[2], KEYS[4]}) do
  local ends = tonumber(redis.call('GET', pause) or 0)
  if ends < furthest then moment = math.max(moment, ends) end
end

-- The account's requests are sent in the order in which they came.
local own_log = requests(KEYS[1], of_account.longest)
for _, window in ipairs(of_account) do
  local before = own_log[#own_log - window.requests + 1]
  if before then
    moment = math.max(moment, before.at + window.counts_for)
  end
end
if #own_log > 0 then
  moment = math.max(moment, own_log[#own_log].at)
end

local log = requests(KEYS[3], of_address.longest)
for _, entry in ipairs(log) do
  local of, whose = string.match(entry.name, '^([^|]*)|([^|]*)|')
  entry.network = of
  entry.is_own = of == network and (of ~= '' or whose == account)
end

-- Returns the first moment from then on at which a window has room.
local function free(window, from, slowly)
  local for_strangers = math.max(math.floor(window.requests / part), 1)
  local for_accounts = math.max(window.requests - for_strangers, 1)
  local accounts, strangers, own = 0, 0, 0
  for at = #log, 1, -1 do
    local entry = log[at]
    if entry.at + window.counts_for <= from then
      break
    end
    if entry.network == '' then accounts = accounts + 1 else strangers = strangers + 1 end
    if entry.is_own then own = own + 1 end
    local most
    if network == '' then
      most = share * math.max(for_accounts - accounts, 0)
    else
      most = math.max((slowly and for_strangers or math.ceil(for_strangers / 2)) - strangers, 0)
    end
    if own >= most or accounts + strangers >= window.requests then
      return entry.at + window.counts_for
    end
  end
  return from
end

local from = moment
for _, window in ipairs(of_address) do
  local slowly = from
  for at = #log, 1, -1 do
    if log[at].is_own then
      slowly = log[at].at + window.period / trickle
      break
    end
  end
  moment = math.max(moment, math.min(free(window, from, false), math.max(free(window, from, true), slowly)))
end

local answer = {0, math.ceil(moment - now), redis.call('EXISTS', KEYS[5])}
if moment - now <= patience then
  answer[1] = 1
  local keep = math.ceil((moment - now) / 1000)
  if #of_account > 0 then
    redis.call('ZADD', KEYS[1], text(moment), name)
    redis.call('PEXPIRE', KEYS[1], text(keep + math.ceil(of_account.longest / 1000)))
  end
  if #of_address > 0 then
    local last = #log > 0 and log[#log].at or moment
    redis.call('ZADD', KEYS[3], text(moment), network .. '|' .. account .. '|' .. name)
    keep = math.ceil((math.max(moment, last) - now) / 1000)
    redis.call('PEXPIRE', KEYS[3], text(keep + math.ceil(of_address.longest / 1000)))
    log[#log + 1] = {at = moment}
  end
end
for _, window in ipairs(of_address) do
  local counted = 0
  for _, entry in ipairs(log) do
    if entry.at + window.counts_for > now then counted = counted + 1 end
  end
  answer[#answer + 1] = counted
end
return answer
