/**
 * What has to happen at once or not at all. Each script touches the keys of one partition, and asks the server for the time,
 * because the clocks of its clients differ.
 *
 * The order of the writes matters where memory is full: a server refuses the first write of a script that would need
 * more, and none after a write that needs none.
 */
import { redisScript } from './connection.ts';

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * KEYS: stream, published. ARGV: milliseconds of the window in which an eventId is published once, then for each event its
 * id, the number of its fields and values, and these.
 * Answers with an entry id for each, or '' where it was there already.
 */
export const PUBLISH = redisScript(`${NOW}
local window = tonumber(ARGV[1])
local answer = {}
local at = 2
while at <= #ARGV do
  local size = tonumber(ARGV[at + 1])
  if window > 0 and redis.call('ZADD', KEYS[2], 'NX', string.format('%d', now), ARGV[at]) == 0 then
    answer[#answer + 1] = ''
  else
    answer[#answer + 1] = redis.call('XADD', KEYS[1], '*', unpack(ARGV, at + 2, at + 1 + size))
  end
  at = at + 2 + size
end
if window > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%d', now - window))
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return answer
`);

/**
 * What a shared group is to try again: entries whose delay is over, and entries of readers that gave no sign of life for
 * so long. KEYS: stream, delayed. ARGV: group, reader, milliseconds, cursor, how many, and '1' where one of the latter may be taken.
 * Answers with the next cursor, ids that are in no stream any more, and entries with the count of their deliveries
 * and 1 where their reader died.
 */
export const TAKE_AGAIN = redisScript(`${NOW}
local taken, lost = {}, {}
local function take(id, is_suspect)
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1)
  if #pending == 0 then return end
  local claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id)
  if claimed[1] then
    taken[#taken + 1] = { claimed[1][1], claimed[1][2], pending[1][4] + 1, is_suspect }
  else
    redis.call('XACK', KEYS[1], ARGV[1], id)
    lost[#lost + 1] = id
  end
end
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%d', now), 'LIMIT', 0, ARGV[5])
for _, id in ipairs(due) do
  redis.call('ZREM', KEYS[2], id)
  take(id, 0)
end
local cursor = ARGV[4]
if #taken < tonumber(ARGV[5]) and ARGV[6] == '1' then
  local swept = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], cursor, 'COUNT', 1, 'JUSTID')
  cursor = swept[1]
  for _, id in ipairs(swept[2]) do
    if not redis.call('ZSCORE', KEYS[2], id) then take(id, 1) end
  end
  for _, id in ipairs(swept[3] or {}) do lost[#lost + 1] = id end
end
return { cursor, lost, taken }
`);

/** The part of a script that goes on only for the reader that has the entry, and has the lease where there is one. */
const OURS = `
if ARGV[4] ~= '' and redis.call('HGET', KEYS[4], 'token') ~= ARGV[4] then return 0 end
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if #pending == 0 or pending[1][2] ~= ARGV[2] then return 0 end
`;

/**
 * An entry waits for its next try. KEYS: stream, delayed, dead, lease. ARGV: group, reader, id, token of the lease or '',
 * milliseconds, deliveries to note. Answers 1, or 0 where it is another reader's by now.
 */
export const DELAY = redisScript(`${NOW}${OURS}
redis.call('ZADD', KEYS[2], string.format('%d', now + ARGV[5]), ARGV[3])
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'RETRYCOUNT', ARGV[6], 'JUSTID')
return 1
`);

/**
 * An entry is given up: its copy with the reason is kept. KEYS and ARGV 1-4 as above, then fields and values of the copy.
 * Answers 1, or 0 where it is another reader's by now.
 */
export const DEAD_LETTER = redisScript(`${OURS}
redis.call('XADD', KEYS[3], '*', unpack(ARGV, 5))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('ZREM', KEYS[2], ARGV[3])
return 1
`);

/**
 * Reads for a group that keeps an order, only with the lease: a reader that was away for longer than it had the lease reads
 * nothing, so that nothing is handed to one who does not handle it. KEYS: stream, lease. ARGV: group, reader, token, how many.
 * Answers with 1, the entries, and the id of the last that the group has read; or {0}.
 */
export const READ_ORDERED = redisScript(`
if redis.call('HGET', KEYS[2], 'token') ~= ARGV[3] then return { 0 } end
local answer = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[4], 'STREAMS', KEYS[1], '>')
if answer and answer[1] then
  local entries = answer[1][2]
  return { 1, entries, entries[#entries][1] }
end
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local info = {}
  for at = 1, #group, 2 do info[group[at]] = group[at + 1] end
  if info['name'] == ARGV[1] then return { 1, {}, info['last-delivered-id'] } end
end
return { 1, {}, '0-0' }
`);

/** Entries stay with a reader. KEYS: stream. ARGV: group, reader, ids. Answers with those that are another's by now. */
export const RENEW = redisScript(`
local lost = {}
for at = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[at], ARGV[at], 1)
  if #pending == 0 or pending[1][2] ~= ARGV[2] then
    lost[#lost + 1] = ARGV[at]
  else
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[at], 'JUSTID')
  end
end
return lost
`);

/**
 * The lease of a partition. KEYS: lease. ARGV: 'acquire' | 'renew' | 'release', owner, milliseconds, token.
 * Acquire answers with the token and 1 where the reader before let go in order, else 0; {0} where another has it.
 * The others answer {1}, or {0} where the lease is another's.
 */
export const LEASE = redisScript(`${NOW}
local held = redis.call('HMGET', KEYS[1], 'owner', 'until', 'token', 'clean')
local is_held = held[1] and held[1] ~= '' and tonumber(held[2]) > now
local until_time = string.format('%d', now + ARGV[3])
if ARGV[1] == 'acquire' then
  if is_held then return { 0 } end
  local token = redis.call('HINCRBY', KEYS[1], 'token', 1)
  redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'until', until_time, 'clean', '0')
  if held[4] == '0' then return { token, 0 } end
  return { token, 1 }
end
if held[1] ~= ARGV[2] or held[3] ~= ARGV[4] then return { 0 } end
if ARGV[1] == 'renew' then
  redis.call('HSET', KEYS[1], 'until', until_time)
else
  redis.call('HSET', KEYS[1], 'owner', '', 'until', '0', 'clean', '1')
end
return { 1 }
`);

/** Who reads. KEYS: members. ARGV: member, milliseconds without a sign of life, 'stay' | 'leave'. Answers with all members. */
export const MEMBERS = redisScript(`${NOW}
if ARGV[3] == 'leave' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], string.format('%d', now), ARGV[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - ARGV[2]))
return redis.call('ZRANGE', KEYS[1], 0, -1)
`);

/**
 * Removes entries that are older than the retention and done with in every group. KEYS: stream. ARGV: milliseconds.
 * Answers with how many were removed, and the group for which older ones are kept, or ''.
 *
 * | group | what is kept |
 * |---|---|
 * | has entries that are not acknowledged | the oldest of them and what follows |
 * | has read, and acknowledged all | what follows the last that was read |
 * | has read nothing | everything |
 */
export const TRIM = redisScript(`${NOW}
if redis.call('EXISTS', KEYS[1]) == 0 then return { 0, '' } end
local function parts(id)
  local milliseconds, sequence = string.match(id, '^(%d+)-?(%d*)$')
  return tonumber(milliseconds), tonumber(sequence) or 0
end
local function is_before(one, other)
  local time, sequence = parts(one)
  local other_time, other_sequence = parts(other)
  return time < other_time or (time == other_time and sequence < other_sequence)
end
local retained = string.format('%d-0', now - ARGV[1])
local limit = retained
local holder = ''
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local info = {}
  for at = 1, #group, 2 do info[group[at]] = group[at + 1] end
  local keep = info['last-delivered-id']
  local pending = redis.call('XPENDING', KEYS[1], info['name'])
  local waiting
  if pending[1] > 0 then
    waiting = pending[2]
    if is_before(waiting, keep) then keep = waiting end
  else
    local unread = redis.call('XRANGE', KEYS[1], '(' .. keep, '+', 'COUNT', 1)[1]
    waiting = unread and unread[1]
  end
  if waiting and is_before(waiting, retained) then holder = info['name'] end
  if is_before(keep, limit) then limit = keep end
end
return { redis.call('XTRIM', KEYS[1], 'MINID', '~', limit), holder }
`);

/**
 * A dead letter goes back to its stream, for its group alone. KEYS: stream, dead. ARGV: id of the dead letter, then
 * fields and values. Answers with the new id, or '' where another redrive was first.
 */
export const REDRIVE = redisScript(`
if #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1]) == 0 then return '' end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
redis.call('XDEL', KEYS[2], ARGV[1])
return id
`);

/**
 * Names of readers that are gone: idle for so long, and nothing of theirs is pending. KEYS: stream. ARGV: group, milliseconds.
 */
export const FORGET_READERS = redisScript(`
local forgotten = 0
for _, reader in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local info = {}
  for at = 1, #reader, 2 do info[reader[at]] = reader[at + 1] end
  if info['pending'] == 0 and info['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], info['name'])
    forgotten = forgotten + 1
  end
end
return forgotten
`);
