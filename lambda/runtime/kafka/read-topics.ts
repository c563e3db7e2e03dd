/** A member of a consumer group: reads topics, has their records handled in the order of their keys, commits. */
import type { Consumer as KafkaClient, Message, MessagesStream } from '@platformatic/kafka';
import { fullJitter } from '../backoff.ts';
import { sleep } from '../clock.ts';
import type { Random } from '../clock.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import { whileHeld } from '../consumer/reader-admission.ts';
import { RuntimeError } from '../errors.ts';
import { describeError } from '../logger.ts';
import { createSlots } from '../poller/slots.ts';
import { clientSettings } from './cluster.ts';
import type { KafkaCluster } from './cluster.ts';
import { followRecord } from './handle-record.ts';
import type { Disposition, MoveRecord, RecordRun } from './handle-record.ts';
import type { RetryTopic } from './kafka-consumer-options.ts';
import { partitionProgress } from './partition-progress.ts';
import type { PartitionProgress } from './partition-progress.ts';
import { dueAt } from './received-record.ts';
import type { ReceivedRecord } from './received-record.ts';

type Stream = MessagesStream<Buffer, Buffer, Buffer, Buffer>;

export interface TopicReaderProps {
  readonly cluster: KafkaCluster;
  readonly topics: readonly string[];
  readonly groupId: string;
  readonly consumer: Pick<Consumer, 'clock' | 'logger' | 'name' | 'controls'>;
  /** What stops reading: 'switch' where what meets an open breaker can wait in a retry topic. */
  readonly heldBy: 'any' | 'switch';
  readonly concurrency: number;
  readonly startFrom: 'earliest' | 'latest';
  readonly sessionTimeout: number;
  readonly random: Random;
  readonly move: MoveRecord;
  readonly handle: (record: ReceivedRecord, run: RecordRun, tries: number) => Promise<Disposition>;
}

export interface TopicReader {
  /**
   * Reads no more, lets what runs finish, commits, and leaves the group. After so many milliseconds what still runs is
   * aborted. Resolves with how many that were.
   */
  stop(within: number): Promise<number>;
}

/** Milliseconds. */
const REOPEN_BACKOFF = { base: 500, cap: 10_000 };
const IN_PLACE_BACKOFF = { base: 500, cap: 30_000 };
const COMMIT_BACKOFF = { base: 200, cap: 5_000 };
const FETCH_WAIT = 500;
const ABORT_GRACE = 1_000;
const CLOSE_TIME = 5_000;
/** Records read ahead of what is done, of all partitions and of one: behind a key that is stuck reading ends there. */
const MAX_TAKEN = 1_000;
const MAX_UNCOMMITTED = 10_000;

export function readTopics(props: TopicReaderProps): TopicReader {
  const { clock, logger } = props.consumer;
  const slots = createSlots(props.concurrency);
  const room = createSlots(MAX_TAKEN);
  const stopping = new AbortController();
  const aborting = new AbortController();
  const progress = new Map<string, PartitionProgress>();
  /** The last record of each key. The next one of the key waits for it. */
  const lanes = new Map<string, Promise<void>>();
  /** Keys of which a record was moved: what follows goes there until the time. */
  const moved = new Map<string, { readonly to: RetryTopic; readonly until: number }>();
  let inWork = 0;
  let client: KafkaClient | undefined;
  let committing: Promise<void> | undefined;
  let taking = Promise.resolve();

  const run: RecordRun = { signal: aborting.signal, isOver: () => aborting.signal.aborted };
  const placeOf = (topic: string, partition: number): string => `${topic} ${partition}`;

  /** False when nobody can commit now: the member that joins next does. */
  const commitOnce = async (): Promise<boolean> => {
    const positions = [...progress].flatMap(([place, partition]) => {
      const position = partition.position();
      return position === undefined ? [] : [{ place, partition, position }];
    });
    if (positions.length === 0 || client === undefined) return false;
    await client.commit({
      offsets: positions.map(({ place, position }) => {
        const [topic = '', partition] = place.split(' ');
        return { topic, partition: Number(partition), ...position };
      }),
    });
    for (const { partition, position } of positions) partition.committed(position);
    return true;
  };

  const commitAll = async (): Promise<void> => {
    // What is done in this turn of the event loop goes together.
    await new Promise((resolve) => setImmediate(resolve));
    for (let failures = 0; ;) {
      try {
        if (!(await commitOnce())) return;
        failures = 0;
      } catch (error) {
        failures += 1;
        logger.warn('position not committed; it is tried again', { detail: describeError(error), failures });
        // A member that leaves has no time: whoever reads next repeats what is not committed.
        if (stopping.signal.aborted && failures > 1) return;
        await sleep(clock, fullJitter(COMMIT_BACKOFF, failures, props.random));
      }
    }
  };

  /** One commit at a time; what is done meanwhile goes with the next. */
  const commit = (): Promise<void> => {
    committing ??= commitAll().finally(() => {
      committing = undefined;
    });
    return committing;
  };

  const remember = (lane: string, to: RetryTopic): void => {
    const now = clock.now();
    moved.delete(lane);
    moved.set(lane, { to, until: now + to.delaySeconds * 1000 });
    // The oldest come first: what is over is forgotten without looking at the rest.
    for (const [key, { until }] of moved) {
      if (until > now) return;
      moved.delete(key);
    }
  };

  const tryOnce = async (lane: string, record: ReceivedRecord, tries: number): Promise<boolean> => {
    const follows = moved.get(lane);
    if (follows !== undefined && follows.until > clock.now()) {
      return followRecord(props.consumer, props.move, record, follows.to);
    }
    moved.delete(lane);
    const disposition = await props.handle(record, run, tries);
    if (aborting.signal.aborted) return false;
    if (disposition.kind === 'moved') remember(lane, disposition.to);
    return disposition.kind !== 'stays';
  };

  /**
   * Until it is done with, the partition goes to another member, or the reader stops. A record that waits for its next
   * try has no place of others.
   */
  const handle = async (lane: string, record: ReceivedRecord, isOurs: () => boolean): Promise<boolean> => {
    for (let tries = 0; ; tries += 1) {
      if ((await slots.take(1, 1)) === 0) return false;
      inWork += 1;
      try {
        if (!isOurs()) return false;
        if (await tryOnce(lane, record, tries)) return true;
      } finally {
        inWork -= 1;
        slots.give(1);
      }
      await sleep(clock, fullJitter(IN_PLACE_BACKOFF, tries + 1, props.random), stopping.signal);
    }
  };

  const work = async (lane: string, record: ReceivedRecord, partition: PartitionProgress): Promise<void> => {
    const place = placeOf(record.topic, record.partition);
    if (await handle(lane, record, () => progress.get(place) === partition)) {
      partition.done(BigInt(record.offset));
      void commit();
    }
    room.give(1);
  };

  const takeOne = async (message: Message): Promise<void> => {
    const place = placeOf(message.topic, message.partition);
    const known = progress.get(place);
    // Read before the partition went to another member, or read once more.
    if (known === undefined || !known.take(message.offset, message.leaderEpoch)) return;
    const record = receivedRecord(message);
    const wait = dueAt(record) - clock.now();
    if (wait > 0) await sleep(clock, wait, stopping.signal);
    // Nothing is taken, and the member keeps its partitions: the position stays where it is.
    await whileHeld(props.consumer, stopping.signal, props.heldBy);
    while (known.open > MAX_UNCOMMITTED && !stopping.signal.aborted) await sleep(clock, FETCH_WAIT);
    if ((await room.take(1, 1)) === 0) return;
    if (progress.get(place) !== known) {
      room.give(1);
      return;
    }
    const lane = `${place} ${record.key}`;
    const working = (lanes.get(lane) ?? Promise.resolve()).then(() => work(lane, record, known));
    lanes.set(lane, working);
    void working.then(() => lanes.get(lane) === working && lanes.delete(lane));
  };

  /** One after the other, also while one stream follows another: a record never passes an earlier one. */
  const take = (message: Message): Promise<void> => {
    taking = taking.then(() => takeOne(message));
    return taking;
  };

  /** Partitions that went are forgotten: what is in work of them counts no more. */
  const assign = (assignments: KafkaClient['assignments']): void => {
    const ours = new Set(
      (assignments ?? []).flatMap(({ topic, partitions }) =>
        partitions.map((partition) => placeOf(topic, partition)),
      ),
    );
    for (const place of progress.keys()) if (!ours.has(place)) progress.delete(place);
    for (const place of ours) if (!progress.has(place)) progress.set(place, partitionProgress());
    void commit();
    logger.info('partitions assigned', { groupId: props.groupId, partitions: [...ours] });
  };

  /** Ends with the member's connection, or when the reader is stopped. */
  const member = async (): Promise<void> => {
    const opened = await openClient(props);
    client = opened;
    let stream: Stream | undefined;
    const failed = new Promise<never>((_resolve, reject) => opened.on('error', reject));
    failed.catch(() => undefined);

    /** A client closed meanwhile fails its new stream in the same turn, before a promise's reader could listen. */
    const open = () =>
      new Promise<Stream>((resolve, reject) => {
        const consumed = {
          topics: [...props.topics],
          mode: 'committed' as const,
          fallbackMode: props.startFrom,
          autocommit: false,
          maxWaitTime: FETCH_WAIT,
        };
        opened.consume(consumed, (error, fresh) => {
          fresh?.on('error', () => undefined);
          if (fresh === undefined) reject(error ?? new Error('the client gave no stream'));
          else resolve(fresh);
        });
      });
    const pump = async (from: Stream): Promise<void> => {
      for await (const message of from) {
        if (stream !== from) return;
        await take(message);
        if (stopping.signal.aborted) return;
      }
    };
    const ended = new AbortController();
    const stop = new Promise<void>((resolve) => {
      stopping.signal.addEventListener('abort', () => resolve(), { signal: ended.signal });
      if (stopping.signal.aborted) resolve();
    });

    try {
      await new Promise<void>((resolve, reject) => {
        const next = async (): Promise<void> => {
          const fresh = await open();
          if (ended.signal.aborted) {
            fresh.destroy();
            return;
          }
          const former = stream;
          stream = fresh;
          assign(opened.assignments);
          former?.destroy();
          await pump(fresh);
          // A stream that ends although it is the newest one was closed under us.
          if (stream === fresh) resolve();
        };
        // The client keeps where it was in a partition that went and came back. A new stream asks where the group is.
        opened.on('consumer:group:join', () => {
          if (stream !== undefined) next().catch(reject);
        });
        next().catch(reject);
        failed.catch(reject);
        void stop.then(resolve);
      });
    } finally {
      ended.abort();
      const last = stream;
      stream = undefined;
      last?.destroy();
    }
  };

  /** Waits for it, but not longer than that, and whether it fails or not. */
  const atMost = async (milliseconds: number, what: Promise<unknown>): Promise<void> => {
    const over = new AbortController();
    await Promise.race([what.catch(() => undefined), sleep(clock, milliseconds, over.signal)]);
    over.abort();
  };

  const close = async (): Promise<void> => {
    const closing = client;
    client = undefined;
    if (closing === undefined) return;
    await atMost(CLOSE_TIME, closing.close(true));
  };

  const loop = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted;) {
      const startedAt = clock.now();
      try {
        await member();
      } catch (error) {
        failures = clock.now() - startedAt > REOPEN_BACKOFF.cap ? 1 : failures + 1;
        logger.error('reading failed; the member joins again', { detail: describeError(error), failures });
      }
      if (stopping.signal.aborted) return;
      await close();
      await sleep(clock, fullJitter(REOPEN_BACKOFF, failures, props.random), stopping.signal);
    }
  };

  const looping = loop();

  return {
    async stop(within) {
      stopping.abort();
      room.close();
      slots.close();
      await looping;
      const finished = Promise.all(lanes.values());
      await atMost(within, finished);
      const late = inWork;
      if (late > 0) {
        aborting.abort(new RuntimeError('WAYBILL_SHUTDOWN', 'the poller is stopping: stop and throw'));
        await atMost(ABORT_GRACE, finished);
      }
      await committing;
      await commit();
      await close();
      return late;
    },
  };
}

async function openClient(props: TopicReaderProps): Promise<KafkaClient> {
  const api = await (await import('./client.ts')).kafkaClient();
  const settings = await clientSettings(props.cluster, 'waybill', process.env);
  return new api.Consumer({
    ...settings,
    groupId: props.groupId,
    autocommit: false,
    sessionTimeout: props.sessionTimeout,
    rebalanceTimeout: props.sessionTimeout,
    heartbeatInterval: Math.floor(props.sessionTimeout / 10),
    // A member that joins waits until all others have joined anew.
    requestTimeout: props.sessionTimeout + settings.requestTimeout,
  });
}

function receivedRecord(message: Message): ReceivedRecord {
  const { topic, partition, offset, headers } = message;
  // A record can have neither, whatever the client's types say.
  const { key, value } = message as Partial<Pick<Message, 'key' | 'value'>>;
  return {
    topic,
    partition,
    offset: String(offset),
    key: key?.toString() ?? '',
    value: value ?? new Uint8Array(),
    headers: Object.fromEntries([...headers].map(([name, text]) => [name.toString(), text.toString()])),
  };
}
