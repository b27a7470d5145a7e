-- One decided event, stored whole or not at all. Everything is checked before
-- the first write: a script that fails half-way leaves half its writes.
--
-- KEYS talk, done, lines, due, rate, todo, fresh
-- ARGV was, talk, idle ms, answer, answer ms, id, now ms, burst, window ms, lines kept, n lines, lines..., effects: field, value...
local done = redis.call('GET', KEYS[2])
if done then return {1, done} end

local now = redis.call('GET', KEYS[1]) or ''
if string.sub(now, 1, 11) ~= ARGV[1] then return {2, now} end

local burst = tonumber(ARGV[8])
if burst > 0 and tonumber(redis.call('GET', KEYS[5]) or '0') >= burst then return {3, ''} end

redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
if burst > 0 and redis.call('INCR', KEYS[5]) == 1 then
  redis.call('PEXPIRE', KEYS[5], ARGV[9])
end
local first = 12
local lines = tonumber(ARGV[11])
for i = first, first + lines - 1 do
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[10], '*', 'l', ARGV[i])
end
if lines > 0 then
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
  redis.call('ZADD', KEYS[7], ARGV[7], ARGV[6])
end
for i = first + lines, #ARGV, 2 do
  redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
end
if #ARGV >= first + lines then
  redis.call('SADD', KEYS[6], ARGV[6])
end
return {0, ''}
