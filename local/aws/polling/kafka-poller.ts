/**
 * Reads a Kafka topic for a mapping, as a member of the mapping's consumer group. Each partition has a lane: its batches
 * run one after the other, those of other partitions beside them, as many at once as there are pollers.
 */
import {
  startGroupConsumer,
  type Batch,
  type GroupConsumerOptions,
} from '../../kafka/client/group-consumer.ts';
import type { Decompress } from '../../kafka/storage/records.ts';
import type { AwsContext } from '../context.ts';
import { faultError } from '../dispatch.ts';
import type { Poller } from './batch.ts';
import { toKafkaRecord } from './kafka-event.ts';
import { startLane, type Lane, type LaneSource } from './lane.ts';
import { pause } from './pause.ts';
import { createPollerPermits } from './poller-permits.ts';
import type { StreamRecord } from './shard-reader.ts';

/** Records of a partition that are read ahead of small batches. */
const READ_AHEAD = 500;

export interface KafkaSource
  extends
    Omit<LaneSource, 'reader' | 'tumblingWindowSeconds'>,
    Pick<GroupConsumerOptions, 'bootstrapServers' | 'groupId' | 'topic' | 'start'> {
  readonly clusterArn: string;
  readonly matches: (record: Readonly<Record<string, unknown>>) => boolean;
  readonly minimumPollers: number;
  /** Infinity: as many as there are partitions. */
  readonly maximumPollers: number;
  /** Told what is not done yet, over the partitions that this poller reads, whenever that changes. */
  readonly lagging: (lags: readonly number[]) => void;
  readonly decompress?: Decompress | undefined;
}

export interface KafkaPoller extends Poller {
  /** Resolves when the first positions are taken: what is produced from now on is read. */
  readonly ready: Promise<void>;
}

/** A partition while this poller reads it. */
interface Assigned {
  readonly lane: Lane;
  /** Read and not yet committed, in order. */
  readonly ledger: StreamRecord[];
  readonly finished: Set<string>;
  undone: number;
  /** The offset that the next record of the partition gets. */
  end: number;
}

export function startKafkaPoller(context: AwsContext, source: KafkaSource): KafkaPoller {
  const { topic, groupId, clusterArn } = source;
  const permits = createPollerPermits(context.clock, source.minimumPollers, source.maximumPollers);
  const assigned = new Map<number, Assigned>();
  let stop = new AbortController();

  const laneSource: LaneSource = {
    ...source,
    tumblingWindowSeconds: 0,
    // What a topic drops is not asked for: the poller notices when it is gone.
    reader: { retention: () => Promise.resolve(Infinity) },
    deliver: (batch) => permits.within(() => source.deliver(batch)),
  };

  const reportLag = (): void =>
    source.lagging(
      [...assigned.values()].map(({ ledger, end }) => {
        const next = ledger[0] === undefined ? end : Number(ledger[0].event['offset']);
        return Math.max(0, end - next);
      }),
    );

  const done = (partition: number, records: readonly StreamRecord[]): void => {
    const of = assigned.get(partition);
    if (!of) return;
    for (const { sequenceNumber } of records) of.finished.add(sequenceNumber);
    of.undone -= records.length;
    let count = 0;
    while (count < of.ledger.length && of.finished.delete(of.ledger[count]?.sequenceNumber ?? '')) count++;
    const last = of.ledger[count - 1];
    of.ledger.splice(0, count);
    if (last) consumer.commit(partition, Number(last.event['offset']) + 1);
    reportLag();
    consumer.wake();
  };

  const accept = ({ partition, records, end }: Batch): void => {
    const of = assigned.get(partition);
    if (!of) return;
    of.end = end;
    const filtered: StreamRecord[] = [];
    for (const consumed of records) {
      const record = toKafkaRecord(topic, partition, consumed);
      of.ledger.push(record);
      of.undone++;
      if (source.matches(record.filterable)) of.lane.push(record);
      else filtered.push(record);
    }
    source.count('PolledEventCount', records.length);
    reportLag();
    if (filtered.length === 0) return;
    source.count('FilteredOutEventCount', filtered.length);
    context.events.emit({
      kind: 'filtered',
      service: source.service,
      resourceArn: clusterArn,
      detail: { topic, count: filtered.length },
    });
    done(partition, filtered);
  };

  const consumer = startGroupConsumer({
    ...source,
    clientId: `lambda-${groupId}`,
    async before(action) {
      while (context.outage) await context.outage;
      const input = { clusterArn, topicName: topic, groupId };
      const fault = context.faults.next({ service: 'kafka', action, input });
      if (!fault) return;
      context.events.emit({
        kind: 'fault',
        service: 'kafka',
        resourceArn: clusterArn,
        detail: { action, effect: fault.kind },
      });
      if (fault.kind === 'delay') await pause(context.clock, fault.milliseconds, stop.signal);
      const refusal = faultError(fault);
      if (refusal) throw refusal;
    },
    hasRoom: (partition) =>
      (assigned.get(partition)?.undone ?? Infinity) < Math.max(READ_AHEAD, source.batchSize),
    onAssigned(partitions) {
      stop = new AbortController();
      permits.setPartitions(partitions.length);
      for (const partition of partitions) {
        const shardId = `${topic}-${partition}`;
        const lane = startLane(context, laneSource, {
          shardId,
          stop: stop.signal,
          done: (records) => done(partition, records),
        });
        assigned.set(partition, { lane, ledger: [], finished: new Set(), undone: 0, end: 0 });
      }
    },
    onRecords: accept,
    async onRevoked() {
      stop.abort();
      permits.wake();
      await Promise.all([...assigned.values()].map(({ lane }) => lane.finish()));
      assigned.clear();
    },
  });

  return {
    ready: consumer.ready,
    inFlight: () => permits.running(),
    close: () => consumer.close(),
  };
}
