-- Replaces a record that this holder holds, and goes on to hold it, or no more.
--
-- KEYS: the record, who holds it. ARGV: the holder, the record, for how long on in milliseconds, or 0.
-- Returns 0 if somebody else holds it by now, or the record has ended.

if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
if ARGV[2] ~= '' and not redis.call('SET', KEYS[1], ARGV[2], 'XX', 'KEEPTTL') then
  return 0
end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[2])
else
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return 1
