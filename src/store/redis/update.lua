-- Replaces the text of a record that this holder holds, or leaves it as it is; and keeps holding it, or lets go of it.
--
-- KEYS: the record, who holds it. ARGV: the holder, how much longer it holds it in milliseconds, or 0, and the new text, if
-- there is one.
-- Returns 0 if somebody else holds it by now, or the record has ended.

if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
if ARGV[3] then
  redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL')
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[2])
else
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return 1
