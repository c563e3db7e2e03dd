/** What a client must find in any Kafka: the same checks run against the embedded one and a real one. */
import { expect, test } from '@jest/globals';
import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers,
  type ProduceOptions,
} from '@platformatic/kafka';

import { createClusterClient } from '../../../local/kafka/client/cluster-client.ts';
import { startGroupConsumer, type Batch } from '../../../local/kafka/client/group-consumer.ts';
import { encodeSubscription } from '../../../local/kafka/client/consumer-protocol.ts';
import { topicAdmin } from '../../../local/kafka/client/topics.ts';
import { KAFKA_ERRORS } from '../../../local/kafka/errors.ts';
import { HEARTBEAT, JOIN_GROUP, SYNC_GROUP } from '../../../local/kafka/messages/groups.ts';
import { OFFSET_COMMIT, OFFSET_FETCH } from '../../../local/kafka/messages/offsets.ts';
import { FETCH, INIT_PRODUCER_ID, LIST_OFFSETS, PRODUCE } from '../../../local/kafka/messages/records.ts';
import { viewBatches } from '../../../local/kafka/storage/record-batch.ts';
import { readRecords } from '../../../local/kafka/storage/records.ts';
import { recordBatch } from './record-batch.ts';
import { until } from '../../support/waiting.ts';

let topics = 0;

/** @param bootstrapServers asked for in each test, when the broker runs */
export function kafkaChecks(bootstrapServers: () => string): void {
  const newTopic = async (partitions = 1, configs: Record<string, string> = {}): Promise<string> => {
    const name = `checks-${process.pid}-${topics++}`;
    await topicAdmin(bootstrapServers()).create({ name, partitions, replicationFactor: 3, configs });
    // A real broker takes a moment until it leads the partitions of a new topic.
    await until(async () => (await fetchFrom(name, 0)).errorCode === 0);
    return name;
  };
  const withProducer = async <Result>(
    work: (producer: Producer<string, string, string, string>) => Promise<Result>,
    options: { readonly idempotent?: boolean } = {},
  ): Promise<Result> => {
    const producer = new Producer({
      clientId: 'checks',
      bootstrapBrokers: [bootstrapServers()],
      serializers: stringSerializers,
      ...options,
    });
    try {
      return await work(producer);
    } finally {
      await producer.close();
    }
  };
  const send = (
    topic: string,
    values: readonly string[],
    options: Partial<ProduceOptions<string, string, string, string>> = {},
  ) =>
    withProducer((producer) =>
      producer.send({ acks: -1, ...options, messages: values.map((value) => ({ topic, key: 'k', value })) }),
    );
  const withClient = async <Result>(
    work: (client: ReturnType<typeof createClusterClient>) => Promise<Result>,
  ): Promise<Result> => {
    const client = createClusterClient(bootstrapServers(), 'checks');
    try {
      return await work(client);
    } finally {
      client.close();
    }
  };
  const fetchFrom = async (topic: string, fetchOffset: number, options: Partial<Fetching> = {}) =>
    withClient(async (client) => {
      const answer = await client.call(FETCH, 11, {
        replicaId: -1,
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1_000_000,
        isolationLevel: 1,
        sessionId: 0,
        sessionEpoch: -1,
        forgottenTopics: [],
        rackId: '',
        ...options,
        topics: [
          {
            topic,
            topicId: '',
            partitions: [
              {
                partition: options.partition ?? 0,
                currentLeaderEpoch: -1,
                fetchOffset,
                lastFetchedEpoch: -1,
                logStartOffset: -1,
                partitionMaxBytes: options.partitionMaxBytes ?? 1_000_000,
              },
            ],
          },
        ],
      });
      const found = answer.topics[0]?.partitions[0];
      const bytes = found && Buffer.isBuffer(found.records) ? found.records : Buffer.alloc(0);
      return {
        errorCode: found?.errorCode,
        end: found?.highWatermark,
        batches: viewBatches(bytes),
        values: viewBatches(bytes)
          .flatMap((batch) => readRecords(batch))
          .map(({ value }) => value?.toString()),
      };
    });
  const produceRaw = (topic: string, records: Buffer, acks = -1) =>
    withClient(async (client) => {
      const answer = await client.call(PRODUCE, 8, {
        transactionalId: null,
        acks,
        timeoutMs: 10_000,
        topics: [{ name: topic, partitions: [{ index: 0, records }] }],
      });
      return answer.topics[0]?.partitions[0];
    });

  test('records come back with key, value, headers and time, in their order', async () => {
    const topic = await newTopic();
    await withProducer((producer) =>
      producer.send({
        acks: -1,
        messages: [
          { topic, key: 'a', value: 'one', headers: { trace: 'x' }, timestamp: 1_700_000_000_000n },
          { topic, key: 'a', value: 'two', timestamp: 1_700_000_000_005n },
        ],
      }),
    );
    const { batches } = await fetchFrom(topic, 0);
    const found = batches.flatMap((batch) => readRecords(batch));
    expect(
      found.map(({ offset, timestamp, key, value }) => [offset, timestamp, String(key), String(value)]),
    ).toEqual([
      [0, 1_700_000_000_000, 'a', 'one'],
      [1, 1_700_000_000_005, 'a', 'two'],
    ]);
    expect(found[0]?.headers.map(([name, value]) => [name, String(value)])).toEqual([['trace', 'x']]);
  });

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'a consumer of a group reads what was compressed by %s',
    async (compression) => {
      const topic = await newTopic();
      const values = Array.from({ length: 20 }, (_, index) => `value-${index}`);
      await send(topic, values, { compression });
      const consumer = new Consumer({
        clientId: 'checks',
        groupId: `group-of-${topic}`,
        bootstrapBrokers: [bootstrapServers()],
        deserializers: stringDeserializers,
      });
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
      const read: string[] = [];
      for await (const message of stream) {
        read.push(message.value);
        await message.commit();
        if (read.length === values.length) break;
      }
      await consumer.close(true);
      expect(read).toEqual(values);
      const { groups } = await withClient((client) =>
        client.callCoordinator(`group-of-${topic}`, OFFSET_FETCH, 8, {
          groupId: '',
          topics: null,
          groups: [{ groupId: `group-of-${topic}`, memberId: null, memberEpoch: -1, topics: null }],
          requireStable: false,
        }),
      );
      expect(groups[0]?.topics).toMatchObject([
        { name: topic, partitions: [{ index: 0, committedOffset: values.length }] },
      ]);
    },
  );

  test('a fetch within a batch begins with that batch, and one past the end is out of range', async () => {
    const topic = await newTopic();
    await send(topic, ['a', 'b', 'c']);
    await send(topic, ['d']);
    expect((await fetchFrom(topic, 2)).values).toEqual(['a', 'b', 'c', 'd']);
    expect((await fetchFrom(topic, 3)).values).toEqual(['d']);
    expect(await fetchFrom(topic, 4)).toMatchObject({ errorCode: 0, end: 4, values: [] });
    expect((await fetchFrom(topic, 5)).errorCode).toBe(KAFKA_ERRORS.OFFSET_OUT_OF_RANGE);
    expect((await fetchFrom('not-there', 0)).errorCode).toBe(KAFKA_ERRORS.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test('limits of bytes are kept, but the first batch always comes', async () => {
    const topic = await newTopic();
    for (const value of ['a', 'b', 'c']) await send(topic, [value.repeat(300)]);
    expect((await fetchFrom(topic, 0, { maxBytes: 10, partitionMaxBytes: 10 })).values).toEqual([
      'a'.repeat(300),
    ]);
    expect((await fetchFrom(topic, 0, { partitionMaxBytes: 850 })).values).toHaveLength(2);
  });

  test('a fetch that finds nothing waits for the next record', async () => {
    const topic = await newTopic();
    const waiting = fetchFrom(topic, 0, { maxWaitMs: 60_000 });
    await send(topic, ['late']);
    expect((await waiting).values).toEqual(['late']);
  });

  test('offsets by time and place', async () => {
    const topic = await newTopic();
    await withProducer((producer) =>
      producer.send({
        acks: -1,
        messages: [1_700_000_000_000n, 1_700_000_000_010n, 1_700_000_000_020n].map((timestamp) => ({
          topic,
          key: 'k',
          value: 'v',
          timestamp,
        })),
      }),
    );
    const at = (timestamp: number) =>
      withClient(async (client) => {
        const answer = await client.call(LIST_OFFSETS, 5, {
          replicaId: -1,
          isolationLevel: 0,
          topics: [{ name: topic, partitions: [{ index: 0, currentLeaderEpoch: -1, timestamp }] }],
          timeoutMs: 0,
        });
        const found = answer.topics[0]?.partitions[0];
        return [found?.errorCode, found?.offset, found?.timestamp];
      });
    expect(await at(-2)).toEqual([0, 0, -1]);
    expect(await at(-1)).toEqual([0, 3, -1]);
    expect(await at(1_700_000_000_005)).toEqual([0, 1, 1_700_000_000_010]);
    expect(await at(1_700_000_000_020)).toEqual([0, 2, 1_700_000_000_020]);
    expect(await at(1_700_000_000_021)).toEqual([0, -1, -1]);
  });

  test('an idempotent producer’s batch is written once, a gap is refused, an old epoch too', async () => {
    const topic = await newTopic();
    let producerId = -1;
    await until(async () => {
      const answer = await withClient((client) =>
        client.call(INIT_PRODUCER_ID, 1, {
          transactionalId: null,
          transactionTimeoutMs: 1000,
          producerId: -1,
          producerEpoch: -1,
        }),
      );
      producerId = answer.producerId;
      return answer.errorCode === 0 && answer.producerEpoch === 0;
    });
    const put = (baseSequence: number, epoch: number, ...values: string[]) =>
      produceRaw(topic, recordBatch(values, { producerId, producerEpoch: epoch, baseSequence }));

    expect(await put(0, 0, 'a', 'b')).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(await put(2, 0, 'c')).toMatchObject({ errorCode: 0, baseOffset: 2 });
    expect(await put(2, 0, 'c')).toMatchObject({ errorCode: 0, baseOffset: 2 });
    expect(await put(0, 0, 'a', 'b')).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect((await put(5, 0, 'f'))?.errorCode).toBe(KAFKA_ERRORS.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect(await put(0, 1, 'd')).toMatchObject({ errorCode: 0, baseOffset: 3 });
    expect((await put(3, 0, 'x'))?.errorCode).toBe(KAFKA_ERRORS.INVALID_PRODUCER_EPOCH);
    expect((await put(4, 2, 'x'))?.errorCode).toBe(KAFKA_ERRORS.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect((await fetchFrom(topic, 0)).values).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a batch with a wrong checksum is refused, as one that is too large and wrong acks are', async () => {
    const topic = await newTopic(1, { 'max.message.bytes': '1000' });
    const broken = recordBatch(['a']);
    broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1);
    expect((await produceRaw(topic, broken))?.errorCode).toBe(KAFKA_ERRORS.CORRUPT_MESSAGE);
    const large = recordBatch(['x'.repeat(2000)]);
    expect((await produceRaw(topic, large))?.errorCode).toBe(KAFKA_ERRORS.MESSAGE_TOO_LARGE);
    expect((await produceRaw(topic, recordBatch(['a']), 7))?.errorCode).toBe(
      KAFKA_ERRORS.INVALID_REQUIRED_ACKS,
    );
    expect((await fetchFrom(topic, 0)).values).toEqual([]);
  });

  test('topics are made, described, changed and removed; what cannot be is refused', async () => {
    const admin = topicAdmin(bootstrapServers());
    const topic = await newTopic(2, { 'retention.ms': '60000' });
    await expect(
      admin.create({ name: topic, partitions: 1, replicationFactor: 1, configs: {} }),
    ).rejects.toMatchObject({ errorName: 'TOPIC_ALREADY_EXISTS' });
    const make = (name: string, partitions: number, configs = {}) =>
      admin.create({ name, partitions, replicationFactor: 1, configs });
    await expect(make('not/a/name', 1)).rejects.toMatchObject({ errorName: 'INVALID_TOPIC_EXCEPTION' });
    await expect(make('none', 0)).rejects.toMatchObject({ errorName: 'INVALID_PARTITIONS' });
    await expect(make('wrong', 1, { nonsense: '1' })).rejects.toMatchObject({ errorName: 'INVALID_CONFIG' });

    expect((await admin.describe(topic))?.partitions.map(({ partition }) => partition)).toEqual([0, 1]);
    expect(await admin.configs(topic)).toEqual({ 'retention.ms': '60000' });
    await admin.setPartitions(topic, 3);
    await expect(admin.setPartitions(topic, 2)).rejects.toMatchObject({ errorName: 'INVALID_PARTITIONS' });
    await admin.setConfigs(topic, { 'max.message.bytes': '2000' });
    expect(await admin.configs(topic)).toEqual({ 'max.message.bytes': '2000', 'retention.ms': '60000' });
    expect((await admin.list()).find(({ name }) => name === topic)?.partitions).toHaveLength(3);
    await admin.delete(topic);
    expect(await admin.describe(topic)).toBeUndefined();
    await expect(admin.delete(topic)).rejects.toMatchObject({ errorName: 'UNKNOWN_TOPIC_OR_PARTITION' });
  });

  test('an administrator of another make sees topics and groups', async () => {
    const topic = await newTopic(2);
    const admin = new Admin({ clientId: 'checks', bootstrapBrokers: [bootstrapServers()] });
    expect(await admin.listTopics()).toContain(topic);
    const found = await admin.describeConfigs({
      resources: [{ resourceType: 2, resourceName: topic, configurationKeys: ['retention.ms'] }],
    });
    expect(found[0]?.configs[0]).toMatchObject({ name: 'retention.ms', value: '604800000' });
    await admin.close();
  });

  test('members share the partitions, and who stays takes over from who goes', async () => {
    const topic = await newTopic(4);
    const seen: string[] = [];
    const assigned = new Map<string, readonly number[]>();
    const member = (name: string) => {
      const consumer = startGroupConsumer({
        bootstrapServers: () => Promise.resolve(bootstrapServers()),
        groupId: `group-${topic}`,
        clientId: name,
        topic,
        start: 'earliest',
        before: () => Promise.resolve(),
        hasRoom: () => true,
        onAssigned: (partitions) => assigned.set(name, partitions),
        onRecords({ partition, records }: Batch) {
          for (const { value } of records) seen.push(String(value));
          consumer.commit(partition, (records.at(-1)?.offset ?? 0) + 1);
        },
        onRevoked: () => Promise.resolve(void assigned.delete(name)),
      });
      return consumer;
    };
    const first = member('first');
    await until(() => assigned.get('first')?.length === 4);
    const second = member('second');
    await until(() => assigned.get('first')?.length === 2 && assigned.get('second')?.length === 2);
    expect(new Set([...(assigned.get('first') ?? []), ...(assigned.get('second') ?? [])])).toEqual(
      new Set([0, 1, 2, 3]),
    );

    await withProducer((producer) =>
      producer.send({
        acks: -1,
        messages: [0, 1, 2, 3].map((partition) => ({ topic, partition, key: 'k', value: `p${partition}` })),
      }),
    );
    await until(() => seen.length >= 4);
    await first.close();
    await until(() => assigned.get('second')?.length === 4);
    await second.close();
    expect([...seen].sort()).toEqual(['p0', 'p1', 'p2', 'p3']);
  });

  test('a member without the generation of its group is refused', async () => {
    const topic = await newTopic();
    const groupId = `refused-${topic}`;
    await withClient(async (client) => {
      const join = (memberId: string) =>
        client.callCoordinator(groupId, JOIN_GROUP, 5, {
          groupId,
          sessionTimeoutMs: 10_000,
          rebalanceTimeoutMs: 10_000,
          memberId,
          groupInstanceId: null,
          protocolType: 'consumer',
          protocols: [{ name: 'range', metadata: encodeSubscription([topic]) }],
          reason: null,
        });
      // A real broker makes the topic of its groups when it is first asked for a coordinator.
      await until(() =>
        join('').then(
          ({ errorCode }) => errorCode !== COORDINATOR_LOADING,
          () => false,
        ),
      );
      const told = await join('');
      expect(told.errorCode).toBe(KAFKA_ERRORS.MEMBER_ID_REQUIRED);
      const { memberId, generationId, leader, errorCode } = await join(told.memberId);
      expect([errorCode, leader]).toEqual([0, memberId]);
      const sync = (generation: number, member: string) =>
        client.callCoordinator(groupId, SYNC_GROUP, 3, {
          groupId,
          generationId: generation,
          memberId: member,
          groupInstanceId: null,
          protocolType: null,
          protocolName: null,
          assignments: [{ memberId, assignment: Buffer.from('all of it') }],
        });
      expect((await sync(generationId + 1, memberId)).errorCode).toBe(KAFKA_ERRORS.ILLEGAL_GENERATION);
      expect((await sync(generationId, 'nobody')).errorCode).toBe(KAFKA_ERRORS.UNKNOWN_MEMBER_ID);
      expect((await sync(generationId, memberId)).assignment.toString()).toBe('all of it');
      const beat = (generation: number, member: string) =>
        client.callCoordinator(groupId, HEARTBEAT, 3, {
          groupId,
          generationId: generation,
          memberId: member,
          groupInstanceId: null,
        });
      expect((await beat(generationId, memberId)).errorCode).toBe(0);
      expect((await beat(generationId + 1, memberId)).errorCode).toBe(KAFKA_ERRORS.ILLEGAL_GENERATION);
      expect((await beat(generationId, 'nobody')).errorCode).toBe(KAFKA_ERRORS.UNKNOWN_MEMBER_ID);
      const commit = async (generation: number, member: string, partition = 0) => {
        const answer = await client.callCoordinator(groupId, OFFSET_COMMIT, 7, {
          groupId,
          generationId: generation,
          memberId: member,
          groupInstanceId: null,
          retentionTimeMs: -1,
          topics: [
            {
              name: topic,
              partitions: [
                {
                  index: partition,
                  committedOffset: 0,
                  committedLeaderEpoch: -1,
                  committedMetadata: null,
                },
              ],
            },
          ],
        });
        return answer.topics[0]?.partitions[0]?.errorCode;
      };
      expect(await commit(generationId, memberId)).toBe(0);
      expect(await commit(generationId - 1, memberId)).toBe(KAFKA_ERRORS.ILLEGAL_GENERATION);
      expect(await commit(-1, '')).toBe(KAFKA_ERRORS.UNKNOWN_MEMBER_ID);
      expect(await commit(generationId, memberId, 9)).toBe(KAFKA_ERRORS.UNKNOWN_TOPIC_OR_PARTITION);
    });
  });

  test('a member that is not heard of leaves the group when its session ends', async () => {
    const topic = await newTopic();
    const groupId = `silent-${topic}`;
    const join = (client: ReturnType<typeof createClusterClient>, memberId: string) =>
      client.callCoordinator(groupId, JOIN_GROUP, 3, {
        groupId,
        sessionTimeoutMs: 6000,
        rebalanceTimeoutMs: 60_000,
        memberId,
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: encodeSubscription([topic]) }],
        reason: null,
      });
    await withClient(async (client) => {
      expect((await join(client, '')).errorCode).toBe(0);
    });
    // The first member is waited for, until its session is over.
    await withClient(async (client) => {
      const second = await join(client, '');
      expect([second.errorCode, second.members.length]).toEqual([0, 1]);
    });
  });
}

interface Fetching {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly partition: number;
  readonly partitionMaxBytes: number;
}

const COORDINATOR_LOADING = 14;
