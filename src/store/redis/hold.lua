-- Takes hold of a record, unless somebody else holds it.
--
-- KEYS: the record, who holds it. ARGV: the holder, and how long it holds it in milliseconds.
-- Returns nothing if there is no such record, 0 if somebody else holds it, or the record.

local record = redis.call('GET', KEYS[1])
if not record then
  return false
end
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 0
end
return record
