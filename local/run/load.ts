/**
 * The load test of the commerce system: business events at half of what their consumers can do and at ten times of it,
 * by turns, with a trickle of high priority in all of it. In the end everything is there, or the run says what is not.
 *
 * What a consumer can do is its concurrency and the time of what it calls, as in AWS: the test gives the consumers of
 * business events a dependency that takes a second. Without it the limit would be this machine, which high priority
 * shares here and not in AWS.
 */
import { loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalRun } from './local-run.ts';
import { consumersOfRun } from './consumers.ts';
import { COMMERCE_SCHEMA, summarize } from '../workload/commerce/index.ts';
import type { ClassLatency } from '../workload/commerce/index.ts';
import { openTraffic } from '../workload/commerce/traffic.ts';
import type { SentAlert, Traffic } from '../workload/commerce/traffic.ts';
import { difference, queueHops, watchQueue } from './queue-times.ts';
import type { QueueTimes, QueueWatch } from './queue-times.ts';

export interface LoadOptions {
  /** Of each phase. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly note?: (text: string) => void;
}

/** All phases of one kind together; latencies in milliseconds. */
export interface LoadResult {
  /** Business events that were written, a second. */
  readonly offeredPerSecond: number;
  /** Business events that every consumer had handled, a second, while it lasted. */
  readonly handledPerSecond: number;
  /** Business events that still waited at the end of each phase. */
  readonly backlogs: readonly number[];
  /** From the commit to the effect. */
  readonly latencyMs: Readonly<Record<'high' | 'business', ClassLatency | null>>;
  /** The p99 of high priority in each phase. */
  readonly highPriorityP99s: readonly number[];
  /** Of high priority, by hop. */
  readonly hopsMs: Readonly<Record<Hop, ClassLatency | null>>;
  /** How late this process, which is the whole of AWS here, comes to what is due: the machine's part in all of the above. */
  readonly eventLoopDelayMs: Omit<ClassLatency, 'count'>;
}

/**
 * | hop | from | to |
 * |---|---|---|
 * | `commit` | the writer begins its transaction | it has committed |
 * | `publish` | committed | the queue has answered the writer |
 * | `receive` | the queue has it | a poller has it |
 * | `handle` | a poller has it | the handler has returned and its message is deleted |
 */
export type Hop = 'commit' | 'publish' | 'receive' | 'handle';

export interface LoadReport {
  /** Business events a second that the consumers do with more than enough to do, measured before the phases. */
  readonly capacityPerSecond: number;
  /** The same by their mappings and the time of the dependency: what they would do if nothing else took time. */
  readonly declaredCapacityPerSecond: number;
  readonly dependencyMs: number;
  /** At half of the capacity. */
  readonly sustained: LoadResult;
  readonly overloaded: LoadResult;
  /** What was offered under overload, in what was handled meanwhile. */
  readonly overload: number;
  /** The p99 of high priority under overload, in that of the sustained phases. */
  readonly highPriorityP99Ratio: number | null;
  /** The same of each pair of phases, which lie a minute apart: what else the machine does changes in between. */
  readonly highPriorityP99RatioOfPairs: readonly number[];
  /** Messages of the priority queue in alerts that were raised: above 1 where writer and relay both sent one. */
  readonly highPriorityMessagesPerAlert: number;
  /** Events without an effect at the end. */
  readonly lost: number;
  /** Of the machine, the one-minute average before and after the test. */
  readonly machineLoad: readonly [number, number];
}

const CONSUMERS_OF_BUSINESS = ['storefront-availability', 'warehouse-ledger'] as const;
const CONSUMER_OF_ALERTS = 'priority-response';
/** Of the dependency that the consumers of business events call: all events of a batch at once. */
const DEPENDENCY_MS = 1_000;
const SUSTAINED_SHARE = 0.5;
const OVERLOAD_FACTOR = 10;
/** Pairs of a sustained and an overloaded phase: what else the machine does meanwhile meets both kinds. */
const PAIRS = 3;
const ALERTS_PER_SECOND = 10;
const WARM_UP = { perSecond: 20, alertsPerSecond: ALERTS_PER_SECOND, seconds: 5 };
const CALIBRATION_SECONDS = 10;
/** Until as many batches are under way as may be. */
const CALIBRATION_LEAD_MS = 3 * DEPENDENCY_MS;
const DRAIN_TIMEOUT_MS = 600_000;
const LOOK_INTERVAL_MS = 200;
const NANOSECONDS_PER_MILLISECOND = 1e6;

interface Phase {
  readonly written: number;
  readonly tookSeconds: number;
  readonly handled: number;
  readonly eventIds: readonly string[];
  readonly alerts: readonly SentAlert[];
  readonly queued: readonly QueueTimes[];
  readonly eventLoopDelay: Omit<ClassLatency, 'count'>;
}

/** @throws when a drain does not end in ten minutes */
export async function runLoad(run: LocalRun, options: LoadOptions): Promise<LoadReport> {
  const { seconds, signal, note } = options;
  const loadBefore = loadavg()[0] ?? 0;
  const traffic = openTraffic({
    databaseUrl: run.databaseUrl,
    endpoint: run.aws.endpointUrl,
    region: run.aws.context.region,
    nudgeQueueUrl: queueUrl(run, 'NudgeQueue'),
    priorityQueueUrl: queueUrl(run, 'PriorityEvents'),
  });
  const stop = (): void => traffic.stop();
  signal.addEventListener('abort', stop);
  const queue = watchQueue(run, CONSUMER_OF_ALERTS);
  const phases = { sustained: [] as Phase[], overloaded: [] as Phase[] };
  try {
    await run.warm;
    await traffic.phase(WARM_UP);
    await drained(run, signal);
    const declaredCapacityPerSecond = declaredCapacityOf(run);
    const capacityPerSecond = await measureCapacity(run, traffic, declaredCapacityPerSecond);
    note?.(`capacity: ${capacityPerSecond.toFixed(1)} business events a second`);
    await drained(run, signal);
    for (let pair = 1; pair <= PAIRS && !signal.aborted; pair += 1) {
      for (const [kind, factor] of [
        ['sustained', SUSTAINED_SHARE],
        ['overloaded', OVERLOAD_FACTOR],
      ] as const) {
        const phase = await runPhase(run, traffic, queue, {
          perSecond: capacityPerSecond * factor,
          seconds,
          signal,
        });
        phases[kind].push(phase);
        const { latencyMs, backlogs } = await resultOf(run, [phase]);
        note?.(
          `${kind}, ${pair} of ${PAIRS}: high priority p50 ${shown(latencyMs.high?.p50)}, p99 ${shown(latencyMs.high?.p99)}; ${backlogs[0]} business events wait`,
        );
        await drained(run, signal);
      }
    }
    const [sustained, overloaded] = [
      await resultOf(run, phases.sustained),
      await resultOf(run, phases.overloaded),
    ];
    const all = [...phases.sustained, ...phases.overloaded];
    return {
      capacityPerSecond,
      declaredCapacityPerSecond,
      dependencyMs: DEPENDENCY_MS,
      sustained,
      overloaded,
      overload: overloaded.offeredPerSecond / overloaded.handledPerSecond,
      highPriorityP99Ratio:
        overloaded.latencyMs.high && sustained.latencyMs.high
          ? overloaded.latencyMs.high.p99 / sustained.latencyMs.high.p99
          : null,
      highPriorityP99RatioOfPairs: overloaded.highPriorityP99s.map(
        (p99, pair) => p99 / (sustained.highPriorityP99s[pair] ?? NaN),
      ),
      highPriorityMessagesPerAlert:
        all.reduce((sum, { queued }) => sum + queued.length, 0) /
        all.reduce((sum, { alerts }) => sum + alerts.length, 0),
      lost: await lostEvents(run),
      machineLoad: [loadBefore, loadavg()[0] ?? 0],
    };
  } finally {
    signal.removeEventListener('abort', stop);
    queue.stop();
    await traffic.close();
  }
}

function queueUrl(run: LocalRun, part: string): string {
  const found = run.deployed
    .find('AWS::SQS::Queue')
    .find(({ logicalId }) => logicalId.includes(part) && !/DeadLetter|Redrive/.test(logicalId));
  if (found === undefined) throw new Error(`no queue of the templates is called ${part}`);
  return found.physicalId;
}

/** Of the slowest of the consumers: as many batches at a time as its mapping allows, each as long as the dependency takes. */
function declaredCapacityOf(run: LocalRun): number {
  const rates = mappingsOfBusiness(run).map(({ maximumConcurrency, batchSize }) => {
    if (maximumConcurrency === undefined) throw new Error('a consumer of business events has no maximum');
    return (maximumConcurrency * batchSize * 1000) / DEPENDENCY_MS;
  });
  return Math.min(...rates);
}

/** While twice of what was declared is offered, without the moment in which the first events are under way. */
async function measureCapacity(run: LocalRun, traffic: Traffic, declared: number): Promise<number> {
  const answerAtOnce = slowDependency(run);
  try {
    const from = Date.now() + CALIBRATION_LEAD_MS;
    const { eventIds } = await traffic.phase({
      perSecond: declared * 2,
      alertsPerSecond: 0,
      seconds: CALIBRATION_SECONDS,
    });
    const to = Date.now();
    const effects = await effectsOf(run, CONSUMERS_OF_BUSINESS, eventIds);
    const counted = effects.filter(({ handledAt }) => handledAt >= from && handledAt < to);
    return counted.length / CONSUMERS_OF_BUSINESS.length / ((to - from) / 1000);
  } finally {
    answerAtOnce();
  }
}

function mappingsOfBusiness(run: LocalRun) {
  const queues = consumersOfRun(run)
    .filter(({ name }) => CONSUMERS_OF_BUSINESS.some((consumer) => consumer === name))
    .map(({ queueArn }) => queueArn);
  return run.aws.services.lambda
    .listEventSourceMappings()
    .filter(({ eventSourceArn }) => queues.includes(eventSourceArn));
}

/** What the consumers of business events call takes its time from now on. Returns what makes it answer at once again. */
function slowDependency(run: LocalRun): () => void {
  const rules = mappingsOfBusiness(run).map(({ functionName }) =>
    run.aws.services.lambda.faults.add({
      functionName: functionName.split(':').at(-1)!,
      fault: { kind: 'slow', milliseconds: DEPENDENCY_MS },
    }),
  );
  return () => {
    for (const remove of rules) remove();
  };
}

interface PhaseOptions {
  readonly perSecond: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

async function runPhase(
  run: LocalRun,
  traffic: Traffic,
  queue: QueueWatch,
  { perSecond, seconds, signal }: PhaseOptions,
): Promise<Phase> {
  queue.forget();
  const loop = monitorEventLoopDelay();
  const answerAtOnce = slowDependency(run);
  try {
    loop.enable();
    const { eventIds, alerts, tookSeconds } = await traffic.phase({
      perSecond,
      alertsPerSecond: ALERTS_PER_SECOND,
      seconds,
    });
    const handled = (await effectsOf(run, CONSUMERS_OF_BUSINESS, eventIds)).length;
    await untilHandled(run, alerts, signal);
    loop.disable();
    return {
      written: eventIds.length,
      tookSeconds,
      handled: handled / CONSUMERS_OF_BUSINESS.length,
      eventIds,
      alerts,
      queued: queue.times(),
      eventLoopDelay: {
        p50: loop.percentile(50) / NANOSECONDS_PER_MILLISECOND,
        p99: loop.percentile(99) / NANOSECONDS_PER_MILLISECOND,
      },
    };
  } finally {
    loop.disable();
    // The backlog goes as fast as the machine can do it.
    answerAtOnce();
  }
}

/** Call it again once the backlog is gone: only then has every business event a latency. */
async function resultOf(run: LocalRun, phases: readonly Phase[]): Promise<LoadResult> {
  const seconds = sum(phases, ({ tookSeconds }) => tookSeconds);
  const business = await effectsOf(
    run,
    CONSUMERS_OF_BUSINESS,
    phases.flatMap(({ eventIds }) => eventIds),
  );
  const alerts = phases.flatMap((phase) => phase.alerts);
  const queued = phases.flatMap((phase) => phase.queued);
  const high: number[][] = [];
  for (const phase of phases) high.push(await latenciesOf(run, phase.alerts));
  return {
    offeredPerSecond: sum(phases, ({ written }) => written) / seconds,
    handledPerSecond: sum(phases, ({ handled }) => handled) / seconds,
    backlogs: phases.map(({ written, handled }) => Math.round(written - handled)),
    latencyMs: { high: summarize(high.flat()), business: summarize(business.map(({ ms }) => ms)) },
    highPriorityP99s: high.flatMap((one) => summarize(one)?.p99 ?? []),
    hopsMs: {
      commit: summarize(alerts.map(({ begunAt, committedAt }) => committedAt - begunAt)),
      publish: summarize(alerts.map(({ committedAt, acceptedAt }) => acceptedAt - committedAt)),
      ...queueHops(queued),
    },
    eventLoopDelayMs: {
      p50: sum(phases, ({ eventLoopDelay }) => eventLoopDelay.p50) / phases.length,
      p99: Math.max(...phases.map(({ eventLoopDelay }) => eventLoopDelay.p99)),
    },
  };
}

/** From the commit, as the writer saw it, to the effect. */
async function latenciesOf(run: LocalRun, alerts: readonly SentAlert[]): Promise<number[]> {
  const effects = await effectsOf(
    run,
    [CONSUMER_OF_ALERTS],
    alerts.map(({ eventId }) => eventId),
  );
  const handledAt = new Map(effects.map((effect) => [effect.eventId, effect.handledAt]));
  return alerts.flatMap(({ eventId, committedAt }) => difference(committedAt, handledAt.get(eventId)));
}

interface Effect {
  readonly eventId: string;
  /** Milliseconds since the epoch. */
  readonly handledAt: number;
  /** Since the event's row was written. */
  readonly ms: number;
}

async function effectsOf(
  run: LocalRun,
  consumers: readonly string[],
  eventIds: readonly string[],
): Promise<readonly Effect[]> {
  const { rows } = await run.database.query<{ event_id: string; handled_at: string; ms: string }>(
    `select effect.event_id, extract(epoch from effect.handled_at) * 1000 as handled_at,
            extract(epoch from (effect.handled_at - written.created_at)) * 1000 as ms
       from ${COMMERCE_SCHEMA}.effect effect
       join ${COMMERCE_SCHEMA}.event_outbox written on written.id = effect.event_id
      where effect.consumer = any($1) and effect.event_id = any($2)`,
    [consumers, eventIds],
  );
  return rows.map((row) => ({
    eventId: row.event_id,
    handledAt: Number(row.handled_at),
    ms: Number(row.ms),
  }));
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

function sum<One>(all: readonly One[], value: (one: One) => number): number {
  return all.reduce((total, one) => total + value(one), 0);
}

function shown(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '-' : `${milliseconds.toFixed(0)} ms`;
}
