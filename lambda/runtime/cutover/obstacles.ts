/** What has to be the case before a consumer moves, so that nothing is lost and no effect happens twice. */
import { DEFAULT_INBOX_RETENTION_SECONDS } from '../inbox/retention.ts';
import type { Queryable } from '../postgres/query.ts';
import { transportsOfConsumers } from './claim.ts';
import { explainedMove } from './errors.ts';
import { mirrorName } from './mirror-name.ts';
import { unknownConsumer } from './move-errors.ts';
import { PENDING } from './pending.ts';
import type { ConsumerTransport, MoveObstacle, MoveOptions, TransportName } from './types.ts';

/** Seconds that the shadow of a consumer has for what the mirror has copied. */
const SETTLE_SECONDS = 30;

/**
 * Seconds: a queue delivers nothing that is older. Source: "Message quotas",
 * AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html.
 */
const LONGEST_QUEUE_RETENTION = 14 * 86_400;

/**
 * | | the new transport | |
 * |---|---|---|
 * | MIRROR_MISSING | nobody copies these types to it | nothing would come |
 * | NOT_COVERED | its copy begins behind events that are pending | they would be lost |
 * | MIRROR_GAVE_UP | the mirror has given up events that are pending | they would be lost |
 * | NOT_ARRIVED | events that are pending were copied, and did not come to the shadow | they would be lost |
 * | INBOX_TOO_SHORT | delivers from events on that are older than the inbox remembers | their effects would happen twice |
 *
 * PostgreSQL has the record itself: of these only the last can be the case. Once none is, none comes about by waiting,
 * but for the last.
 *
 * @returns none: it can move
 * @throws RuntimeError WAYBILL_TRANSPORT_CONSUMER_UNKNOWN, WAYBILL_TRANSPORT_NOT_MIGRATED
 */
export async function moveObstacles(
  queryable: Queryable,
  options: Pick<MoveOptions, 'consumer' | 'to' | 'inboxRetentionSeconds'>,
): Promise<readonly MoveObstacle[]> {
  const { consumer, to, inboxRetentionSeconds = DEFAULT_INBOX_RETENTION_SECONDS } = options;
  try {
    const [known] = await transportsOfConsumers(queryable, [consumer]);
    if (known === undefined) throw unknownConsumer(consumer);
    if (known.liveOn === to) return [];
    const start = await startOn(queryable, known, to);
    if (typeof start !== 'number') return [start];
    return [
      ...(to === 'postgres' ? [] : await losses(queryable, known, to, start, inboxRetentionSeconds)),
      ...(await forgotten(queryable, known, to, start, inboxRetentionSeconds)),
    ];
  } catch (error) {
    throw explainedMove(error);
  }
}

/** The position behind which the new transport has everything. */
async function startOn(
  queryable: Queryable,
  { consumer, types }: ConsumerTransport,
  to: TransportName,
): Promise<number | MoveObstacle> {
  if (to === 'postgres') {
    const { rows } = await queryable.query(
      'select coalesce(min(position), 0)::float8 as start from event_subscription_lane where consumer = $1',
      [consumer],
    );
    return (rows[0] as { readonly start: number }).start;
  }
  const { rows } = await queryable.query(
    `select event_type, after_position::float8 as start from transport_mirror
     where transport = $1 and ($2::text = '' or event_type = any($3::text[]))`,
    [to, types.length === 0 ? '' : 'named', [...types]],
  );
  const copied = rows as { readonly event_type: string; readonly start: number }[];
  const uncopied = types.filter((type) => !copied.some(({ event_type }) => event_type === type));
  if (copied.length > 0 && uncopied.length === 0) return Math.max(...copied.map(({ start }) => start));
  return {
    code: 'MIRROR_MISSING',
    message: `${mirrorName(to)} does not copy ${uncopied.join(', ') || 'anything'}: start mirrorEvents() with it, and wait until it has caught up`,
  };
}

async function losses(
  queryable: Queryable,
  { consumer, types, liveOn }: ConsumerTransport,
  to: TransportName,
  start: number,
  retention: number,
): Promise<MoveObstacle[]> {
  const { rows } = await queryable.query(
    `with ${PENDING}, mirrored as (
       select p.* from pending p join event_subscription_lane l on l.consumer = $5 and l.lane = p.lane
       where p.position > $7 and p.position <= l.position
         and p.recorded_at < clock_timestamp() - interval '${SETTLE_SECONDS} seconds'
         and not exists (select 1 from event_subscription_waiting w where w.consumer = $5 and w.position = p.position)
     )
     select
       (select count(*) from pending where position <= $7)::int as uncovered,
       (select count(*) from pending p join event_dead_letter d
         on d.consumer = $5 and d.event_id = p.event_id and d.redriven_at is null)::int as "givenUp",
       (select count(*) from mirrored m where not exists (
         select 1 from shadow_arrival s where s.consumer = $1 and s.transport = $6 and s.event_id = m.event_id)
        and exists (select 1 from shadow_arrival s where s.consumer = $1 and s.transport = $6))::int as absent`,
    [consumer, types, retention, liveOn, mirrorName(to), to, start],
  );
  const { uncovered, givenUp, absent } = rows[0] as {
    readonly uncovered: number;
    readonly givenUp: number;
    readonly absent: number;
  };
  const found: MoveObstacle[] = [];
  if (uncovered > 0) {
    found.push({
      code: 'NOT_COVERED',
      message: `${uncovered} events that ${consumer} still has to handle are from before ${mirrorName(to)} began, and will never come by ${to}: wait until it has handled them on ${liveOn}`,
    });
  }
  if (givenUp > 0) {
    found.push({
      code: 'MIRROR_GAVE_UP',
      message: `${mirrorName(to)} has given up ${givenUp} events that ${consumer} still has to handle: see deadLettersOf(pool, { consumer: '${mirrorName(to)}' }), and redrive them or let ${consumer} handle them on ${liveOn}`,
    });
  }
  if (absent > 0) {
    found.push({
      code: 'NOT_ARRIVED',
      message: `${absent} events that ${consumer} still has to handle were copied to ${to} and have not come to its shadow: wait until the shadow has caught up, and see the parity report`,
    });
  }
  return found;
}

async function forgotten(
  queryable: Queryable,
  { consumer, types }: ConsumerTransport,
  to: TransportName,
  start: number,
  retention: number,
): Promise<MoveObstacle[]> {
  const { rows } = await queryable.query(
    `select extract(epoch from clock_timestamp() - recorded_at)::float8 as age from event_store
     where position > $1 and ($2::text = '' or event_type = any($3::text[])) order by position limit 1`,
    [start, types.length === 0 ? '' : 'named', [...types]],
  );
  const recorded = (rows[0] as { readonly age: number } | undefined)?.age ?? 0;
  const age = to === 'sns-sqs' ? Math.min(recorded, LONGEST_QUEUE_RETENTION) : recorded;
  if (age < retention) return [];
  return [
    {
      code: 'INBOX_TOO_SHORT',
      message: `${to} will deliver events of ${days(age)} days ago, and the inbox remembers ${days(retention)} days: what ${consumer} handled before would be handled again. ${to === 'postgres' ? 'Bring its cursors up with followElsewhere()' : `Let ${mirrorName(to)} and the group or queue begin anew`}`,
    },
  ];
}

const days = (seconds: number): string => (seconds / 86_400).toFixed(1);
