-- Decided events of one talk, one or several that follow from each other,
-- stored together or not at all. Everything is checked before the first write:
-- a script that fails half-way leaves half its writes. The counter of the flood
-- limit is no such write: it counts what was refused, too.
--
-- KEYS talk, lines, due, rate, todo, fresh, and one done for each event
-- ARGV was, talk, idle ms, answer ms, id, now ms, burst, limited, window ms, entries kept, renew,
--      for each event: answer, entry or nothing; then effects: field, value...
local first, last = 7, #KEYS
for i = first, last do
  local done = redis.call('GET', KEYS[i])
  if done then return {1, done} end
end

local now = redis.call('GET', KEYS[1]) or ''
if string.sub(now, 1, 11) ~= ARGV[1] then return {2, now} end

local burst, limited = tonumber(ARGV[7]), tonumber(ARGV[8])
if burst > 0 and limited > 0 then
  -- Of several, some may still be within the limit: they come again one by one.
  if limited > 1 and limited + tonumber(redis.call('GET', KEYS[4]) or 0) > burst then return {3, ''} end
  local n = redis.call('INCRBY', KEYS[4], limited)
  if n == limited then redis.call('PEXPIRE', KEYS[4], ARGV[9]) end
  if n > burst then return {3, ''} end
end

redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
local at, lines = 12, 0
for i = first, last do
  redis.call('SET', KEYS[i], ARGV[at], 'PX', ARGV[4])
  if ARGV[at + 1] ~= '' then
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[10], '*', 'l', ARGV[at + 1])
    lines = lines + 1
  end
  at = at + 2
end
if lines > 0 then
  if ARGV[11] == '1' then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
  redis.call('ZADD', KEYS[6], 'NX', ARGV[6], ARGV[5])
end
if at <= #ARGV then redis.call('SADD', KEYS[5], ARGV[5]) end
for i = at, #ARGV, 2 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end

-- The first three letters of a revision name the process that wrote it. When
-- another one has the talk in its memory, it is told to forget it.
local whose = string.sub(now, 1, 3)
if now ~= '' and whose ~= string.sub(ARGV[2], 1, 3) then
  redis.call('PUBLISH', 'certdesk:moved:' .. whose, ARGV[5])
end
return {0, ''}
