-- A session of the protocol, and what becomes of it.
--
-- KEYS: the session. ARGV: what to do, its owner, how long it is kept in milliseconds, the server; to keep it, where it is,
-- and its content. It is 'new' until a server has had one of its requests; then at that server, or at 'several', or 'ended'.
-- Returns of `take` whether the server alone has it and the session, or nothing if there is none of this owner; else 1, or
-- 0 if there was nothing to do.

local what, owner, keep, server = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local at, whose = unpack(redis.call('HMGET', KEYS[1], 'at', 'owner'))
local is_open = at and at ~= 'ended' and whose == owner

if what == 'keep' then
  if at then return 0 end
  redis.call('HSET', KEYS[1], 'at', ARGV[5], 'owner', owner, 'session', ARGV[6])
elseif what == 'take' then
  if not is_open then return false end
  at = (at == 'new' or at == server) and server or 'several'
  redis.call('HSET', KEYS[1], 'at', at)
else
  if at and not is_open then return 0 end
  -- One that was forgotten ends, too: a server that still has it would keep it again. Servers look once a second, so this
  -- does not have to be remembered for long; nor should it be, since anybody can make up an id.
  if not at then keep = math.min(tonumber(keep), 5000) end
  redis.call('HSET', KEYS[1], 'at', 'ended', 'owner', owner)
  redis.call('HDEL', KEYS[1], 'session')
end
redis.call('PEXPIRE', KEYS[1], keep)
if what == 'take' then
  return {at == server and 1 or 0, redis.call('HGET', KEYS[1], 'session')}
end
return is_open and 1 or 0
