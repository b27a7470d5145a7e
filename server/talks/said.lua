-- How many customer messages are left, and until when; and one fewer, or none.
-- Each thing that the applicant does allows some for a while. Allowances do not
-- add up: the larger number counts, and the later end.
--
-- KEYS said
-- ARGV now, kept back, take ("one", "none" or "all"),
--      for each thing done, oldest first: name, when, lasts, messages; times in ms
local now, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
local left = tonumber(redis.call('HGET', KEYS[1], 'left') or 0)
local till = tonumber(redis.call('HGET', KEYS[1], 'till') or 0)
for i = 4, #ARGV, 4 do
  if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then
    local at = tonumber(ARGV[i + 1])
    if at >= till then left = 0 end
    left = math.max(left, tonumber(ARGV[i + 3]))
    till = math.max(till, at + tonumber(ARGV[i + 2]))
  end
end
if now >= till then left = 0 end

local take = 0
if ARGV[3] == 'one' and left > keep then take = 1 end
if ARGV[3] == 'all' then take = left end
if ARGV[3] ~= 'none' and now < till then
  redis.call('HSET', KEYS[1], 'left', left - take, 'till', till)
  for i = 4, #ARGV, 4 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
  redis.call('PEXPIRE', KEYS[1], till - now)
end
return {left, till}
