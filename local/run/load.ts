/**
 * The load test of the commerce system: business events at a rate that it sustains, then at ten times what it can do,
 * with a trickle of high priority in both. In the end everything is there, or the run says what is not.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { loadavg } from 'node:os';
import type { LocalRun } from './local-run.ts';
import { consumersOfRun } from './consumers.ts';
import { COMMERCE_SCHEMA, summarize } from '../workload/commerce/index.ts';
import type { ClassLatency } from '../workload/commerce/index.ts';
import { openTraffic } from '../workload/commerce/traffic.ts';
import type { SentAlert, Traffic } from '../workload/commerce/traffic.ts';

export interface LoadOptions {
  /** Of each phase. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly note?: (text: string) => void;
}

export interface LoadPhase {
  /** Business events that were written, a second. */
  readonly offeredPerSecond: number;
  /** Business events that every consumer had handled, a second, while it lasted. */
  readonly handledPerSecond: number;
  /** Business events that still waited at its end. */
  readonly backlog: number;
  /** From the commit to the effect. */
  readonly latencyMs: Readonly<Record<'high' | 'business', ClassLatency | null>>;
  /** Of high priority, by hop. */
  readonly hopsMs: Readonly<Record<Hop, ClassLatency | null>>;
}

/**
 * | hop | from | to |
 * |---|---|---|
 * | `commit` | the writer begins its transaction | it has committed |
 * | `publish` | committed | the writer has sent the event to the queue and marked the row |
 * | `receive` | the queue has it | a poller has it |
 * | `handle` | a poller has it | the handler has written its effect |
 */
export type Hop = 'commit' | 'publish' | 'receive' | 'handle';

export interface LoadReport {
  /** Business events a second, drained from a backlog. */
  readonly capacityPerSecond: number;
  readonly sustained: LoadPhase;
  readonly overloaded: LoadPhase;
  /** The p99 of high priority under overload, in that of the sustained phase. */
  readonly highPriorityP99Ratio: number | null;
  /** Seconds until the backlog was handled after the overload. */
  readonly drainedInSeconds: number;
  /** Events without an effect at the end. */
  readonly lost: number;
  /** Of the machine, the one-minute average before the test. */
  readonly machineLoad: number;
}

const CONSUMERS_OF_BUSINESS = ['storefront-availability', 'warehouse-ledger'] as const;
const CONSUMER_OF_ALERTS = 'priority-response';
/** Events that capacity is measured with. */
const CALIBRATION_EVENTS = 600;
const SUSTAINED_SHARE = 0.4;
const OVERLOAD_FACTOR = 10;
const ALERTS_PER_SECOND = 5;
const WARM_UP_ALERTS = 10;
/** Writes a second, each of as many events as the rate asks for. */
const WRITES_PER_SECOND = 10;
const DRAIN_TIMEOUT_MS = 600_000;
const LOOK_INTERVAL_MS = 100;

/** @throws when the drain does not end in ten minutes */
export async function runLoad(run: LocalRun, options: LoadOptions): Promise<LoadReport> {
  const { seconds, signal, note } = options;
  const machineLoad = loadavg()[0] ?? 0;
  const queueUrl = (part: string): string => {
    const found = run.deployed
      .find('AWS::SQS::Queue')
      .find(({ logicalId }) => logicalId.includes(part) && !/DeadLetter|Redrive/.test(logicalId));
    if (found === undefined) throw new Error(`no queue of the templates is called ${part}`);
    return found.physicalId;
  };
  const traffic = await openTraffic({
    databaseUrl: run.databaseUrl,
    endpoint: run.aws.endpointUrl,
    region: run.aws.context.region,
    nudgeQueueUrl: queueUrl('NudgeQueue'),
    priorityQueueUrl: queueUrl('PriorityEvents'),
  });
  const received = watchPriorityQueue(run);
  try {
    await run.warm;
    for (let count = 0; count < WARM_UP_ALERTS; count += 1) await traffic.raise();
    await traffic.write(CALIBRATION_EVENTS / 2);
    await drained(run, signal);
    const begun = Date.now();
    await traffic.write(CALIBRATION_EVENTS);
    await drained(run, signal);
    const capacityPerSecond = CALIBRATION_EVENTS / ((Date.now() - begun) / 1000);
    note?.(`capacity: ${capacityPerSecond.toFixed(0)} business events a second`);
    const phase = (perSecond: number): Promise<LoadPhase> =>
      runPhase(run, traffic, received.times, { perSecond, seconds, signal });
    const sustained = await phase(capacityPerSecond * SUSTAINED_SHARE);
    await drained(run, signal);
    note?.(`sustained: high-priority p99 ${sustained.latencyMs.high?.p99.toFixed(0)} ms`);
    const overloaded = await phase(capacityPerSecond * OVERLOAD_FACTOR);
    note?.(
      `overloaded: high-priority p99 ${overloaded.latencyMs.high?.p99.toFixed(0)} ms, ${overloaded.backlog} wait`,
    );
    const drainBegun = Date.now();
    await drained(run, signal);
    return {
      capacityPerSecond,
      sustained,
      overloaded,
      highPriorityP99Ratio:
        overloaded.latencyMs.high && sustained.latencyMs.high
          ? overloaded.latencyMs.high.p99 / sustained.latencyMs.high.p99
          : null,
      drainedInSeconds: (Date.now() - drainBegun) / 1000,
      lost: await lostEvents(run),
      machineLoad,
    };
  } finally {
    received.stop();
    await traffic.close();
  }
}

interface PhaseOptions {
  readonly perSecond: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Open loop: what is due is written whether or not the last write was answered. */
async function runPhase(
  run: LocalRun,
  traffic: Traffic,
  times: ReadonlyMap<string, QueueTimes>,
  { perSecond, seconds, signal }: PhaseOptions,
): Promise<LoadPhase> {
  const known = new Set(times.keys());
  const begunAt = Date.now();
  const until = begunAt + seconds * 1000;
  const written: string[] = [];
  const alerts: SentAlert[] = [];
  const business = async (): Promise<void> => {
    let due = 0;
    for (let next = begunAt; next < until && !signal.aborted; next += 1000 / WRITES_PER_SECOND) {
      await delay(Math.max(0, next - Date.now()));
      due += perSecond / WRITES_PER_SECOND;
      const count = Math.floor(due - written.length);
      if (count > 0) written.push(...(await traffic.write(count)));
    }
  };
  const high = async (): Promise<void> => {
    const sending: Promise<unknown>[] = [];
    for (let next = begunAt; next < until && !signal.aborted; next += 1000 / ALERTS_PER_SECOND) {
      await delay(Math.max(0, next - Date.now()));
      sending.push(traffic.raise().then((alert) => alerts.push(alert)));
    }
    await Promise.all(sending);
  };
  await Promise.all([business(), high()]);
  const tookSeconds = (Date.now() - begunAt) / 1000;
  const handled =
    (await effectsOf(run, CONSUMERS_OF_BUSINESS, written)).length / CONSUMERS_OF_BUSINESS.length;
  await untilHandled(run, alerts, signal);
  const effects = new Map(
    (
      await effectsOf(
        run,
        [CONSUMER_OF_ALERTS],
        alerts.map(({ eventId }) => eventId),
      )
    ).map((effect) => [effect.event_id, effect]),
  );
  // One alert is sent after the other, and messages of one queue are told apart by the time they came.
  const queued = [...times]
    .flatMap(([id, one]) => (known.has(id) ? [] : [one]))
    .toSorted((a, b) => a.sentAt - b.sentAt);
  const sent = alerts.toSorted((a, b) => a.publishedAt - b.publishedAt);
  return {
    offeredPerSecond: written.length / tookSeconds,
    handledPerSecond: handled / tookSeconds,
    backlog: Math.round(written.length - handled),
    latencyMs: {
      high: summarize([...effects.values()].map(({ ms }) => Number(ms))),
      business: summarize((await effectsOf(run, CONSUMERS_OF_BUSINESS, written)).map(({ ms }) => Number(ms))),
    },
    hopsMs: {
      commit: summarize(sent.map(({ begunAt: from, committedAt }) => committedAt - from)),
      publish: summarize(sent.map(({ committedAt, publishedAt }) => publishedAt - committedAt)),
      receive: summarize(
        queued.flatMap(({ sentAt, receivedAt }) => (receivedAt === undefined ? [] : [receivedAt - sentAt])),
      ),
      handle: summarize(
        queued.flatMap(({ receivedAt, deletedAt }) =>
          receivedAt === undefined || deletedAt === undefined ? [] : [deletedAt - receivedAt],
        ),
      ),
    },
  };
}

interface QueueTimes {
  readonly sentAt: number;
  receivedAt?: number;
  deletedAt?: number;
}

function watchPriorityQueue(run: LocalRun): {
  readonly times: ReadonlyMap<string, QueueTimes>;
  stop(): void;
} {
  const consumer = consumersOfRun(run).find(({ name }) => name === CONSUMER_OF_ALERTS);
  const times = new Map<string, QueueTimes>();
  const stop = run.aws.context.events.observe(
    ({ kind, resourceArn, messageId }) => {
      if (resourceArn !== consumer?.queueArn || messageId === undefined) return;
      if (kind === 'sent') times.set(messageId, { sentAt: Date.now() });
      const one = times.get(messageId);
      if (one !== undefined && kind === 'received') one.receivedAt ??= Date.now();
      if (one !== undefined && kind === 'deleted') one.deletedAt ??= Date.now();
    },
    ['sqs'],
  );
  return { times, stop };
}

interface Effect {
  readonly event_id: string;
  readonly ms: string;
}

async function effectsOf(
  run: LocalRun,
  consumers: readonly string[],
  eventIds: readonly string[],
): Promise<readonly Effect[]> {
  const { rows } = await run.database.query<Effect>(
    `select effect.event_id, extract(epoch from (effect.handled_at - written.created_at)) * 1000 as ms
       from ${COMMERCE_SCHEMA}.effect effect
       join ${COMMERCE_SCHEMA}.event_outbox written on written.id = effect.event_id
      where effect.consumer = any($1) and effect.event_id = any($2)`,
    [consumers, eventIds],
  );
  return rows;
}

async function untilHandled(run: LocalRun, alerts: readonly SentAlert[], signal: AbortSignal): Promise<void> {
  const ids = alerts.map(({ eventId }) => eventId);
  const deadline = Date.now() + DRAIN_TIMEOUT_MS;
  while (!signal.aborted && (await effectsOf(run, [CONSUMER_OF_ALERTS], ids)).length < ids.length) {
    if (Date.now() > deadline) return;
    await delay(LOOK_INTERVAL_MS);
  }
}

async function drained(run: LocalRun, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + DRAIN_TIMEOUT_MS;
  while (!signal.aborted && (await lostEvents(run)) > 0) {
    if (Date.now() > deadline)
      throw new Error(`${await lostEvents(run)} events were not handled in ten minutes`);
    await delay(LOOK_INTERVAL_MS);
  }
}

/** Effects that are not there (yet), of what the load test wrote. */
async function lostEvents(run: LocalRun): Promise<number> {
  const { rows } = await run.database.query<{ missing: string }>(
    `select (select count(*) from ${COMMERCE_SCHEMA}.event_outbox where event_type = 'StockReplenished') * $1
          + (select count(*) from ${COMMERCE_SCHEMA}.event_outbox where event_type = 'SystemErrorRaised')
          - (select count(*) from ${COMMERCE_SCHEMA}.effect where consumer = any($2)) as missing`,
    [CONSUMERS_OF_BUSINESS.length, [...CONSUMERS_OF_BUSINESS, CONSUMER_OF_ALERTS]],
  );
  return Number(rows[0]?.missing ?? 0);
}
