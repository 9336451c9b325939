-- The state of a sign-in, and its changes.
--
-- KEYS: its owner's open sign-ins, those that have ended, and the moment before which all have ended.
-- ARGV: what to do, when, how long it is remembered, how many are remembered that are open and that have ended; the
-- sign-in's id, when it was made, when it ends at the latest, its content; how many refresh tokens have been used before, and
-- how long one can be used again. Times are in seconds, the caller's.
-- Returns 1 if the sign-in is still open, else 0; for `standing` 0 if it is not known, 1 if it is open, 2 if it has ended.

local what, at, keep = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local most_open, most_ended = tonumber(ARGV[4]), tonumber(ARGV[5])
local id, made, ends, sign_in = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local turn, grace = tonumber(ARGV[10]), tonumber(ARGV[11])

local function text(number)
  return string.format('%.0f', number)
end

-- The values of a hash, by field.
local function all(key)
  local values, rows = {}, redis.call('HGETALL', key)
  for row = 1, #rows, 2 do
    values[rows[row]] = rows[row + 1]
  end
  return values
end

-- An open sign-in is kept as 'used|turn|turned|made|ends|' and all of it.
local function read(value)
  local used, turns, turned, when = string.match(value, '^(%d+)|(%d+)|(%d+)|(%d+)|')
  return {used = tonumber(used), turn = tonumber(turns), turned = tonumber(turned), made = tonumber(when)}
end

local function write(open)
  local numbers = {text(open.used), text(open.turn), text(open.turned), text(made), text(ends)}
  redis.call('HSET', KEYS[1], id, table.concat(numbers, '|') .. '|' .. sign_in)
  redis.call('EXPIRE', KEYS[1], keep)
end

local function end_before(moment)
  moment = math.max(moment, tonumber(redis.call('GET', KEYS[3]) or 0))
  redis.call('SET', KEYS[3], text(moment), 'EX', keep)
  for name, value in pairs(all(KEYS[1])) do
    if read(value).made < moment then redis.call('HDEL', KEYS[1], name) end
  end
  for name, value in pairs(all(KEYS[2])) do
    if tonumber(string.match(value, '^%d+')) < moment then redis.call('HDEL', KEYS[2], name) end
  end
end

local function finish(name, when)
  redis.call('HDEL', KEYS[1], name)
  redis.call('HSET', KEYS[2], name, text(when) .. '|' .. text(at + keep))
  redis.call('EXPIRE', KEYS[2], keep)
  if redis.call('HLEN', KEYS[2]) <= most_ended then return end
  local left = {}
  for other, value in pairs(all(KEYS[2])) do
    local began, until_then = string.match(value, '^(%d+)|(%d+)$')
    if tonumber(until_then) <= at then
      redis.call('HDEL', KEYS[2], other)
    else
      left[#left + 1] = tonumber(began)
    end
  end
  -- None may come back: the oldest half goes, and everything made before counts as ended.
  if #left > most_ended then
    table.sort(left)
    end_before(left[math.floor(#left / 2) + 1] + 1)
  end
end

if what == 'all' then
  end_before(at)
  -- Those of this very second.
  for name, value in pairs(all(KEYS[1])) do
    finish(name, read(value).made)
  end
  return 1
end

local before, open = redis.call('GET', KEYS[3]), redis.call('HGET', KEYS[1], id)
local has_ended = before and made < tonumber(before) or redis.call('HEXISTS', KEYS[2], id) == 1
open = open and read(open)
if what == 'standing' then
  return has_ended and 2 or open and 1 or 0
end
if what == 'end' then
  finish(id, made)
  return 1
end
if has_ended then
  return 0
end
if not open then
  if redis.call('HLEN', KEYS[1]) >= most_open then
    local oldest, used
    for name, value in pairs(all(KEYS[1])) do
      local other = read(value)
      if not used or other.used < used then oldest, used = name, other.used end
    end
    redis.call('HDEL', KEYS[1], oldest)
  end
  write({used = at, turn = what == 'refresh' and turn + 1 or 0, turned = at})
  return 1
end
if what == 'open' then
  finish(id, made)
  return 0
end
if what == 'refresh' then
  if turn >= open.turn then
    open.turn, open.turned = turn + 1, at
  elseif turn + 1 < open.turn or at - open.turned > grace then
    finish(id, made)
    return 0
  end
elseif at < open.used + 60 then
  -- To the minute is enough.
  return 1
end
open.used = at
write(open)
return 1
