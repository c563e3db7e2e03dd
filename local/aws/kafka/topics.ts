/** The topic operations of the MSK API, carried out in the cluster over Kafka's own protocol. */
import { topicAdmin, type TopicAdmin, type TopicDescription } from '../../kafka/client/topics.ts';
import type { AwsContext } from '../context.ts';
import { badRequest, fromKafka, notFound } from './errors.ts';
import { optionalText, page, requiredText, wholeNumber, type Input } from './input.ts';
import { arnWithin, type Cluster, type KeptTopic } from './model.ts';

const PARTITIONS = 10_000;
const REPLICAS = 15;

type Output = Promise<Record<string, unknown>>;

export interface TopicOperations {
  create(cluster: Cluster, input: Input): Output;
  describe(cluster: Cluster, input: Input): Output;
  partitions(cluster: Cluster, input: Input): Output;
  list(cluster: Cluster, input: Input): Output;
  update(cluster: Cluster, input: Input): Output;
  delete(cluster: Cluster, input: Input): Output;
  /** Topics that the API or a client made, by the cluster's ARN. */
  kept(clusterArn: string): readonly KeptTopic[];
  /** What a client made or changed, besides what the API did. */
  keep(clusterArn: string, topics: readonly KeptTopic[]): void;
  forget(clusterArn: string): void;
}

/** @param brokersOf the bootstrap servers of a cluster */
export function createTopicOperations(
  { state }: AwsContext,
  brokersOf: (cluster: Cluster) => Promise<string>,
): TopicOperations {
  const collection = state.collection<readonly KeptTopic[]>('kafka.topics');
  const kept = new Map<string, readonly KeptTopic[]>(collection.entries());
  const keep = (clusterArn: string, topics: readonly KeptTopic[]): void => {
    kept.set(clusterArn, topics);
    collection.put(clusterArn, topics);
  };
  const keptIn = (clusterArn: string): readonly KeptTopic[] => kept.get(clusterArn) ?? [];
  const change = (clusterArn: string, name: string, changes: Partial<KeptTopic>): void =>
    keep(
      clusterArn,
      keptIn(clusterArn).map((topic) => (topic.name === name ? { ...topic, ...changes } : topic)),
    );
  const within = async <Result>(
    cluster: Cluster,
    work: (admin: TopicAdmin) => Promise<Result>,
  ): Promise<Result> => {
    // msk/latest/developerguide/msk-topic-operations-information.html: clusters of MSK Provisioned.
    if (cluster.type === 'SERVERLESS') {
      throw badRequest(
        'Topic operations are not supported for serverless clusters: make topics with a Kafka client.',
        'clusterArn',
      );
    }
    try {
      return await work(topicAdmin(await brokersOf(cluster)));
    } catch (thrown) {
      throw fromKafka(thrown);
    }
  };
  const existing = async (admin: TopicAdmin, name: string): Promise<TopicDescription> => {
    const topic = await admin.describe(name);
    if (topic) return topic;
    throw notFound(`The topic ${name} does not exist.`);
  };
  const summary = (cluster: Cluster, { name, partitions }: TopicDescription): Record<string, unknown> => ({
    topicArn: arnWithin(cluster.arn, 'topic', name),
    topicName: name,
    partitionCount: partitions.length,
    replicationFactor:
      keptIn(cluster.arn).find((topic) => topic.name === name)?.replicationFactor ??
      partitions[0]?.replicas.length ??
      0,
  });

  return {
    kept: keptIn,
    keep,
    forget(clusterArn) {
      kept.delete(clusterArn);
      collection.delete(clusterArn);
    },
    create: (cluster, input) =>
      within(cluster, async (admin) => {
        const topic: KeptTopic = {
          name: requiredText(input, 'topicName'),
          partitions: wholeNumber(input, 'partitionCount', 1, PARTITIONS, 1),
          replicationFactor: wholeNumber(input, 'replicationFactor', 1, REPLICAS, 1),
          configs: readConfigs(input),
        };
        await admin.create(topic);
        keep(cluster.arn, [...keptIn(cluster.arn).filter(({ name }) => name !== topic.name), topic]);
        const topicArn = arnWithin(cluster.arn, 'topic', topic.name);
        return { status: 'ACTIVE', topicArn, topicName: topic.name };
      }),
    describe: (cluster, input) =>
      within(cluster, async (admin) => {
        const topic = await existing(admin, requiredText(input, 'topicName'));
        const configs = await admin.configs(topic.name);
        return {
          ...summary(cluster, topic),
          configs: Buffer.from(JSON.stringify(configs)).toString('base64'),
          status: 'ACTIVE',
        };
      }),
    partitions: (cluster, input) =>
      within(cluster, async (admin) => {
        const { partitions } = await existing(admin, requiredText(input, 'topicName'));
        const { items, ...next } = page(partitions, input);
        const described = items.map(({ partition, leader, replicas, inSync }) => ({
          partition,
          leader,
          replicas,
          isr: inSync,
        }));
        return { partitions: described, ...next };
      }),
    list: (cluster, input) =>
      within(cluster, async (admin) => {
        const prefix = optionalText(input, 'topicNameFilter') ?? '';
        const topics = (await admin.list()).filter(({ name }) => name.startsWith(prefix));
        const { items, ...next } = page(topics, input);
        return { topics: items.map((topic) => summary(cluster, topic)), ...next };
      }),
    update: (cluster, input) =>
      within(cluster, async (admin) => {
        const name = requiredText(input, 'topicName');
        await existing(admin, name);
        const partitions = wholeNumber(input, 'partitionCount', 1, PARTITIONS, undefined);
        // msk/latest/developerguide/msk-update-topic.html: one of the two in a call.
        if ((partitions === undefined) === (input['configs'] === undefined)) {
          throw badRequest('Either partitionCount or configs can be changed in one call.');
        }
        if (partitions === undefined) {
          const configs = readConfigs(input);
          await admin.setConfigs(name, configs);
          change(cluster.arn, name, { configs });
        } else {
          await admin.setPartitions(name, partitions);
          change(cluster.arn, name, { partitions });
        }
        return { status: 'ACTIVE', topicArn: arnWithin(cluster.arn, 'topic', name), topicName: name };
      }),
    delete: (cluster, input) =>
      within(cluster, async (admin) => {
        const name = requiredText(input, 'topicName');
        await admin.delete(name);
        keep(
          cluster.arn,
          keptIn(cluster.arn).filter((topic) => topic.name !== name),
        );
        return { status: 'DELETING', topicArn: arnWithin(cluster.arn, 'topic', name), topicName: name };
      }),
  };
}

/** Base64 of a JSON object, or of lines `name=value` as in a properties file. */
function readConfigs(input: Input): Readonly<Record<string, string>> {
  const encoded = optionalText(input, 'configs');
  if (encoded === undefined) return {};
  const text = Buffer.from(encoded, 'base64').toString('utf8').trim();
  if (!text.startsWith('{')) {
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
    if (lines.some((line) => !line.includes('='))) throw wrongConfigs();
    return Object.fromEntries(
      lines.map((line) => {
        const equals = line.indexOf('=');
        return [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
      }),
    );
  }
  try {
    const configs = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return Object.fromEntries(Object.entries(configs).map(([name, value]) => [name, String(value)]));
  } catch {
    throw wrongConfigs();
  }
}

function wrongConfigs(): Error {
  return badRequest('configs must be the Base64 of a JSON object or of lines name=value.', 'configs');
}
