/** The state of a stream, now or at any time: its events folded, from the last snapshot on where there is one. */
import { decode } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Queryable } from '../postgres/query.ts';
import type { Sealer } from '../sealing/index.ts';
import { EventStoreError } from './errors.ts';
import { readStream } from './read.ts';

export interface Projection<State, Contract extends AnyEventContract = AnyEventContract> {
  /**
   * Names its snapshots. Change it together with `fold` or the form of the state (`order-2`): snapshots under the old
   * name are never read again.
   */
  readonly name: string;
  /** The events that it knows. Others are passed over. */
  readonly contracts: readonly Contract[];
  /** What an event does to the state. Pure. */
  readonly fold: (state: State | undefined, event: EnvelopeOf<Contract>) => State;
  /**
   * Events between two snapshots, which are taken when a state is asked for that is so far from the last one.
   * 0: none. The state must survive JSON.
   * @default 0
   */
  readonly snapshotEvery?: number;
  /**
   * Opens sealed personal data for `fold`: `createSealer()`. Only where it needs it, and without snapshots: they would keep
   * in clear what the store keeps sealed, and outlive the erasure of a person.
   * @default - sealed fields stay sealed
   */
  readonly sealer?: Pick<Sealer, 'open'>;
}

export interface StateOptions {
  /** As it was at this time, by the time at which events were recorded. @default - as it is now */
  readonly until?: Date;
  /** As it was at this version. @default - the last */
  readonly version?: number;
  /** False folds every event from the first on: to check that snapshots tell the truth. @default true */
  readonly snapshots?: boolean;
}

export interface VersionedState<State> {
  readonly state: State;
  /** Of the last event of the stream, also where the projection does not know it: give it as `expectedVersion`. */
  readonly version: number;
}

interface Snapshot<State> extends VersionedState<State> {
  readonly recordedAt: string;
}

/** @throws EventStoreError WAYBILL_EVENT_STORE_HISTORY_GONE, WAYBILL_EVENT_STORE_OPTION_INVALID, or what `decode` throws */
export async function stateOf<State, Contract extends AnyEventContract>(
  tx: Queryable,
  projection: Projection<State, Contract>,
  stream: string,
  options: StateOptions = {},
): Promise<VersionedState<State> | undefined> {
  const { snapshots = true } = options;
  const { snapshotEvery: interval = 0, sealer } = projection;
  if (sealer !== undefined && interval > 0) throw openSnapshots(projection.name);
  const from =
    snapshots && interval > 0 ? await lastSnapshot<State>(tx, projection.name, stream, options) : undefined;
  const events = await readStream(tx, stream, {
    afterVersion: from?.version ?? 0,
    ...(options.until !== undefined && { until: options.until }),
    ...(options.version !== undefined && { upToVersion: options.version }),
  });
  refuseGap(stream, from?.version ?? 0, events[0]?.version);
  let state = from?.state;
  let version = from?.version ?? 0;
  const known = new Set(projection.contracts.map(({ name }) => name));
  for (const { envelope, version: at } of events) {
    if (known.has(envelope.eventType)) {
      const opened = sealer === undefined ? envelope : await sealer.open(envelope);
      state = projection.fold(state, await decode(projection.contracts, opened));
    }
    version = at;
  }
  if (state === undefined) return undefined;
  const last = events.at(-1);
  if (snapshots && interval > 0 && last !== undefined && events.length >= interval) {
    await storeSnapshot(tx, projection.name, stream, { state, version, recordedAt: last.recordedAt });
  }
  return { state, version };
}

function openSnapshots(projection: string): EventStoreError {
  return new EventStoreError(
    'WAYBILL_EVENT_STORE_OPTION_INVALID',
    `projection ${projection} opens personal data and takes snapshots, which would keep it in clear: leave out \`snapshotEvery\` or \`sealer\``,
  );
}

function refuseGap(stream: string, from: number, first: number | undefined): void {
  if (first === undefined || first === from + 1) return;
  throw new EventStoreError(
    'WAYBILL_EVENT_STORE_HISTORY_GONE',
    `stream ${stream}: the events ${from + 1} to ${first - 1} were dropped by retention, and no snapshot of this projection covers them: keep events for longer, or take snapshots (snapshotEvery) before they go`,
  );
}

async function lastSnapshot<State>(
  tx: Queryable,
  projection: string,
  stream: string,
  { until, version }: StateOptions,
): Promise<Snapshot<State> | undefined> {
  const { rows } = await tx.query(
    `select state, version::float8 as version from event_store_snapshot
     where stream = $1::text and projection = $2::text
       and ($3::text = '' or recorded_at <= $3::text::timestamptz)
       and ($4::text = '' or version <= $4::text::bigint)
     order by version desc limit 1`,
    [stream, projection, until?.toISOString() ?? '', version === undefined ? '' : String(version)],
  );
  return rows[0] as Snapshot<State> | undefined;
}

async function storeSnapshot(
  tx: Queryable,
  projection: string,
  stream: string,
  { state, version, recordedAt }: Snapshot<unknown>,
): Promise<void> {
  await tx.query(
    `insert into event_store_snapshot (stream, projection, version, recorded_at, state)
     values ($1::text, $2::text, $3::text::bigint, $4::text::timestamptz, $5::text::json) on conflict do nothing`,
    [stream, projection, String(version), recordedAt, JSON.stringify(state)],
  );
}
