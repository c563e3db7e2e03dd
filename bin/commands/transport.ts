/** `waybill transport`: where consumers are live, whether another transport would do, and the move there and back. */
import type { Pool } from 'pg';
import {
  mirrorsOf,
  moveObstacles,
  movesOf,
  parityReport,
  releaseGivenUp,
  TRANSPORT_NAMES,
  transportsOfConsumers,
} from '../../lambda/runtime/cutover/index.ts';
import type { MoveReport, Percentiles, TransportName } from '../../lambda/runtime/cutover/index.ts';
import { createPool } from '../../lambda/runtime/postgres/index.ts';
import { listRedisDeadLetters } from '../../lambda/runtime/redis/dead-letters.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { confirm } from '../confirm.ts';
import { lambdaClient } from '../controls/clients.ts';
import { moveWithMapping } from '../transport/move.ts';
import { switchedMappings } from '../transport/switched.ts';
import type { SwitchedMappings } from '../transport/switched.ts';

export interface TransportOptions {
  readonly databaseUrl?: string;
  /** PostgreSQL schema of the system. */
  readonly schema?: string;
  readonly json?: boolean;
}

export interface ParityCommandOptions extends TransportOptions {
  readonly on: string;
  readonly types?: readonly string[];
  readonly since?: Date;
  readonly after?: number;
  readonly settle?: number;
}

export interface ChangeOptions extends TransportOptions {
  readonly why: string;
  readonly deadLetters: 'leave' | 'retry';
  readonly givenUp?: readonly string[];
  readonly stream?: string;
  readonly partitions?: number;
  readonly function?: string;
  readonly force?: boolean;
  /** Seconds. */
  readonly within: number;
  /** Days. */
  readonly inboxRetention?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Milliseconds. "Up to a minute or two", with some to spare. */
const SWITCH_WITHIN = 180_000;

export async function status(consumer: string | undefined, options: TransportOptions): Promise<void> {
  await withPool(options, async (pool) => {
    const consumers = await transportsOfConsumers(pool, consumer === undefined ? undefined : [consumer]);
    const mirrors = await mirrorsOf(pool);
    // Only where queues are: elsewhere nobody needs credentials.
    const usesQueues = [
      ...mirrors.map(({ transport }) => transport),
      ...consumers.map(({ liveOn }) => liveOn),
    ].includes('sns-sqs');
    const mappings = usesQueues ? await switchedMappings(lambdaClient, consumers) : [];
    if (!('notAsked' in mappings) && mappings.some(({ wrong }) => wrong !== undefined)) {
      process.exitCode = EXIT.failed;
    }
    const views = [];
    for (const one of consumers) {
      const others = mirrors.map(({ transport }) => transport).filter((name) => name !== one.liveOn);
      const ways = await Promise.all(
        others.map(async (to) => ({
          to,
          obstacles: await moveObstacles(pool, { consumer: one.consumer, to }),
        })),
      );
      views.push({ ...one, ways, moves: await movesOf(pool, one.consumer) });
    }
    if (options.json === true) {
      print(JSON.stringify({ consumers: views, mirrors, mappings }, null, 2));
      return;
    }
    print(views.length === 0 ? 'consumers: none has started' : 'consumers');
    for (const { consumer: name, liveOn, epoch, movedAt, ways } of views) {
      print(`  ${name}: ${liveOn} since ${movedAt} (epoch ${epoch})`);
      for (const { to, obstacles } of ways) {
        print(obstacles.length === 0 ? `    could move to ${to}` : `    not to ${to}:`);
        for (const { code, message } of obstacles) print(`      ${code}: ${message}`);
      }
    }
    print(mirrors.length === 0 ? 'mirrors: none' : 'mirrors');
    for (const mirror of mirrors) {
      const {
        transport,
        unread,
        oldestUnprocessedAgeSeconds: age,
        retrying,
        deadLetters,
        instances,
      } = mirror;
      print(
        `  ${transport}: ${unread} to copy, the oldest for ${age.toFixed(1)} s; ${retrying} retrying, ${deadLetters} given up; ${instances} instances`,
      );
    }
    if (usesQueues) sayMappings(mappings);
  });
}

function sayMappings(mappings: SwitchedMappings): void {
  if ('notAsked' in mappings) {
    print(`event source mappings: not looked at: ${mappings.notAsked}`);
    return;
  }
  print(mappings.length === 0 ? 'event source mappings: none' : 'event source mappings');
  for (const { consumer, functionName, state, wrong } of mappings) {
    print(
      `  ${consumer}: ${functionName} ${wrong === undefined ? `is ${state}` : `WRONG: ${wrong.message}`}`,
    );
    if (wrong !== undefined) print(`    Fix: ${wrong.fix}`);
  }
}

export async function parity(consumer: string, options: ParityCommandOptions): Promise<void> {
  await withPool(options, async (pool) => {
    const report = await parityReport(pool, {
      consumer,
      transport: transportNamed(options.on),
      ...(options.types !== undefined && { types: options.types }),
      ...(options.since !== undefined && { since: options.since }),
      ...(options.after !== undefined && { after: options.after }),
      ...(options.settle !== undefined && { settleSeconds: options.settle }),
    });
    if (!report.isEqual) process.exitCode = EXIT.failed;
    if (options.json === true) {
      print(JSON.stringify(report, null, 2));
      return;
    }
    const { missing, extra, reordered } = report.examples;
    print(`${consumer} on ${report.transport}, positions ${report.after + 1} to ${report.upTo}`);
    print(`  recorded    ${report.recorded}, and ${report.tooRecent} too recent to say`);
    print(`  arrived     ${report.arrived}, and ${report.repeated} times again`);
    print(`  missing     ${report.missing}, of which ${report.missingUnhandled} not handled${some(missing)}`);
    print(`  extra       ${report.extra}${some(extra)}`);
    print(`  reordered   ${report.reordered}${some(reordered)}`);
    print(`  shadow      ${milliseconds(report.latency.shadow)}`);
    print(`  live        ${milliseconds(report.latency.live)}`);
    print(`  difference  ${milliseconds(report.latency.difference)}`);
    print(report.isEqual ? 'equal to the record' : 'NOT equal to the record');
  });
}

export async function move(
  consumers: readonly string[],
  options: ChangeOptions & { readonly to: string; readonly from?: string },
): Promise<void> {
  const to = transportNamed(options.to);
  const from = options.from === undefined ? undefined : transportNamed(options.from);
  await withPool(options, async (pool) => {
    for (const consumer of consumers) {
      const live = await liveOf(pool, consumer);
      // Live there already: the same command again, of which the last step may be missing.
      await change(pool, options, { consumer, from: live === to ? to : (from ?? live), to });
    }
  });
}

export async function rollback(consumers: readonly string[], options: ChangeOptions): Promise<void> {
  await withPool(options, async (pool) => {
    for (const consumer of consumers) {
      const from = await liveOf(pool, consumer);
      const [last] = await movesOf(pool, consumer);
      if (last === undefined) {
        throw new CommandError('WAYBILL_TRANSPORT_NOT_MOVED', `${consumer} was never moved`, {
          fix: 'say where to: waybill transport move',
        });
      }
      await change(pool, options, { consumer, from, to: last.from });
    }
  });
}

export async function release(
  consumer: string,
  eventIds: readonly string[],
  options: TransportOptions,
): Promise<void> {
  await withPool(options, async (pool) => {
    const released = await releaseGivenUp(pool, consumer, eventIds.length === 0 ? undefined : eventIds);
    if (options.json === true) print(JSON.stringify({ consumer, released }));
    else {
      print(`${released.length} events of ${consumer} may be handled again`);
      for (const eventId of released) print(`  ${eventId}`);
      if (released.length > 0) print('Replay or redrive them on the transport that it is live on.');
    }
  });
}

interface Way {
  readonly consumer: string;
  readonly from: TransportName;
  readonly to: TransportName;
}

async function change(pool: Pool, options: ChangeOptions, { consumer, from, to }: Way): Promise<void> {
  const { json = false, inboxRetention } = options;
  const what = `move ${consumer} from ${from} to ${to}`;
  const retention = inboxRetention === undefined ? {} : { inboxRetentionSeconds: 86_400 * inboxRetention };
  if (options.dryRun === true) {
    const obstacles = await moveObstacles(pool, { consumer, to, ...retention });
    if (obstacles.length > 0) process.exitCode = EXIT.failed;
    if (json) print(JSON.stringify({ what, obstacles, dryRun: true }));
    else {
      print(`would ${what}`);
      for (const { code, message } of obstacles) print(`  ${code}: ${message}`);
      print(obstacles.length === 0 ? 'Nothing was changed.' : 'It would be refused. Nothing was changed.');
    }
    return;
  }
  const known = from === to ? undefined : await redisGivenUp(consumer, from, options);
  if (options.yes !== true) {
    await confirm(
      what,
      `Effects in work on ${from} are waited for, up to ${options.within} seconds; from then on ${consumer} has its effects by ${to}.`,
    );
  }
  const by = process.env['USER'] ?? 'unknown';
  const report = await moveWithMapping({
    pool,
    lambda: lambdaClient,
    functionName: options.function,
    switchWithin: SWITCH_WITHIN,
    options: {
      consumer,
      from,
      to,
      deadLetters: options.deadLetters,
      givenUp: [...(known ?? []), ...(options.givenUp ?? [])],
      force: options.force ?? false,
      within: 1_000 * options.within,
      by,
      why: options.why,
      ...retention,
    },
  });
  const isBlind = from !== 'postgres' && from !== to && known === undefined && options.givenUp === undefined;
  say(report, { by, why: options.why, json, isBlind });
}

function say(
  report: MoveReport,
  told: { readonly by: string; readonly why: string; readonly json: boolean; readonly isBlind: boolean },
): void {
  const { by, why, json, isBlind } = told;
  if (json) {
    print(JSON.stringify({ ...report, by, why, deadLettersLookedAt: !isBlind }));
    return;
  }
  const { consumer, from, to, epoch, movedAt, moved, leftGivenUp, ignored } = report;
  if (!moved) {
    print(`${consumer} is live on ${to} since ${movedAt} (epoch ${epoch})`);
    return;
  }
  print(`${movedAt}  ${consumer}: ${from} -> ${to} (epoch ${epoch})  ${by}: ${why}`);
  for (const { code } of ignored) print(`  moved in spite of ${code}`);
  if (leftGivenUp > 0) print(`  ${leftGivenUp} events that were given up stay so: waybill transport release`);
  if (isBlind) print(`  what ${from} had given up is not known here: it may be handled out of its order`);
}

/** EventIds of the dead letters in Redis; undefined where nobody said which stream it is. */
async function redisGivenUp(
  consumer: string,
  from: TransportName,
  { stream, partitions, deadLetters }: ChangeOptions,
): Promise<readonly string[] | undefined> {
  if (from !== 'redis' || deadLetters === 'retry' || stream === undefined) return undefined;
  const letters = await listRedisDeadLetters({
    stream,
    group: consumer,
    ...(partitions !== undefined && { partitions }),
  });
  return letters.flatMap(({ eventId }) => (eventId === undefined ? [] : [eventId]));
}

async function liveOf(pool: Pool, consumer: string): Promise<TransportName> {
  const [known] = await transportsOfConsumers(pool, [consumer]);
  if (known !== undefined) return known.liveOn;
  const all = await transportsOfConsumers(pool);
  throw new CommandError(
    'WAYBILL_TRANSPORT_CONSUMER_UNKNOWN',
    `there is no consumer '${consumer}' that has started`,
    {
      fix: `take one of: ${all.map(({ consumer: name }) => name).join(', ') || 'none here'}`,
    },
  );
}

function transportNamed(name: string): TransportName {
  const found = TRANSPORT_NAMES.find((one) => one === name);
  if (found !== undefined) return found;
  throw new CommandError('WAYBILL_TRANSPORT_NAME_UNKNOWN', `there is no transport '${name}'`, {
    fix: `take one of: ${TRANSPORT_NAMES.join(', ')}`,
  });
}

async function withPool(
  { databaseUrl, schema }: TransportOptions,
  work: (pool: Pool) => Promise<void>,
): Promise<void> {
  const pool = await createPool({
    environment: {
      ...process.env,
      ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl, WAYBILL_DATABASE_SECRET_ARN: undefined }),
      ...(schema !== undefined && { WAYBILL_DATABASE_SCHEMA: schema }),
    },
  });
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
}

function some(eventIds: readonly string[]): string {
  return eventIds.length === 0 ? '' : `: ${eventIds.join(', ')}`;
}

function milliseconds({ count, p50, p99 }: Percentiles): string {
  return p50 === null || p99 === null
    ? 'of no event'
    : `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, of ${count} events`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
