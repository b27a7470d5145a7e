-- One decided event, stored whole or not at all. Everything is checked before
-- the first write: a script that fails half-way leaves half its writes. The
-- counter of the flood limit is no such write: it counts what was refused, too.
--
-- KEYS talk, done, lines, due, rate, todo, fresh
-- ARGV was, talk, idle ms, answer, answer ms, id, now ms, burst, window ms, entries kept, renew, n entries, entry, effects: field, value...
local done = redis.call('GET', KEYS[2])
if done then return {1, done} end

local now = redis.call('GET', KEYS[1]) or ''
if string.sub(now, 1, 11) ~= ARGV[1] then return {2, now} end

local burst = tonumber(ARGV[8])
if burst > 0 then
  local n = redis.call('INCR', KEYS[5])
  if n == 1 then redis.call('PEXPIRE', KEYS[5], ARGV[9]) end
  if n > burst then return {3, ''} end
end

redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
local first = 13
local lines = tonumber(ARGV[12])
for i = first, first + lines - 1 do
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[10], '*', 'l', ARGV[i])
end
if lines > 0 then
  if ARGV[11] == '1' then redis.call('PEXPIRE', KEYS[3], ARGV[3]) end
  redis.call('ZADD', KEYS[7], ARGV[7], ARGV[6])
end
for i = first + lines, #ARGV, 2 do
  redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
end
if #ARGV >= first + lines then
  redis.call('SADD', KEYS[6], ARGV[6])
end

-- The first three letters of a revision name the process that wrote it. When
-- another one has the talk in its memory, it is told to forget it.
local whose = string.sub(now, 1, 3)
if now ~= '' and whose ~= string.sub(ARGV[2], 1, 3) then
  redis.call('PUBLISH', 'certdesk:moved:' .. whose, ARGV[6])
end
return {0, ''}
