/** The embedded Amazon MSK: its API in front of brokers that are started when they are first asked for. */
import { actionNamed } from '../actions.ts';
import type { AuthorizationRequest, AwsContext, AwsService } from '../context.ts';
import { kafkaAuthorization, readerAuthorization } from './authorization.ts';
import { createBrokers, type KafkaBroker, type StartKafka } from './brokers.ts';
import { createClusters, describe, describeV2 } from './clusters.ts';
import {
  createConfigurations,
  describeConfiguration,
  describeRevision,
  revisionIn,
} from './configurations.ts';
import { notFound } from './errors.ts';
import { optionalText, requiredText, tagsIn, textList, type Input } from './input.ts';
import { kafkaRoutes } from './routes.ts';
import { createTopicOperations } from './topics.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly kafka: KafkaService;
  }
}

/** MSK as other code in this process uses it. */
export interface KafkaService extends AwsService {
  readonly name: 'kafka';
  /** How the brokers of clusters are started from now on. */
  startClustersWith(startKafka: StartKafka): void;
  /** The cluster's brokers, started if they are not. @throws AwsError NotFoundException */
  broker(clusterArn: string): Promise<KafkaBroker>;
  /** Stops the cluster's brokers; they start again when asked for, at another address. */
  stopBroker(clusterArn: string): Promise<void>;
  /** Settings that stacks change; they are kept and shown, and mean nothing to a broker in memory. */
  updateSettings(clusterArn: string, settings: Readonly<Record<string, unknown>>): void;
  /** What a role needs to read topics of the cluster as a member of a group. */
  readerAuthorization(
    clusterArn: string,
    topics: readonly string[],
    groupId: string,
  ): readonly AuthorizationRequest[];
}

type Action = (input: Input) => unknown;

/** @param startKafka @default - an embedded Kafka for each cluster */
export function createKafkaService(context: AwsContext, startKafka?: StartKafka): KafkaService {
  const clusters = createClusters(context);
  const configurations = createConfigurations(context);
  const topics = createTopicOperations(
    context,
    async (cluster) => (await brokers.of(cluster)).bootstrapServers,
  );
  const brokers = createBrokers(
    context,
    { of: (arn) => topics.kept(arn), keep: (arn, made) => topics.keep(arn, made) },
    startKafka,
  );
  const clusterIn = (input: Input) => clusters.get(requiredText(input, 'clusterArn'));
  const summary = ({ arn, name, type }: ReturnType<typeof clusterIn>) => ({
    clusterArn: arn,
    clusterName: name,
    clusterType: type,
    state: 'ACTIVE',
  });
  const policyIn = (input: Input) => {
    const { policy, policyVersion } = clusterIn(input);
    if (policy === undefined) throw notFound('The cluster has no policy.');
    return { policy, currentVersion: policyVersion };
  };

  const actions: Readonly<Record<string, Action>> = {
    CreateClusterV2: (input) => summary(clusters.createV2(input)),
    CreateCluster: (input) => summary(clusters.create(input)),
    DescribeClusterV2: (input) => ({ clusterInfo: describeV2(clusterIn(input)) }),
    DescribeCluster: (input) => ({ clusterInfo: describe(clusterIn(input)) }),
    ListClustersV2(input) {
      const { items, ...next } = clusters.list(input);
      return { clusterInfoList: items.map(describeV2), ...next };
    },
    ListClusters(input) {
      const { items, ...next } = clusters.list({ ...input, clusterTypeFilter: 'PROVISIONED' });
      return { clusterInfoList: items.map(describe), ...next };
    },
    async DeleteCluster(input) {
      const cluster = clusters.delete(
        requiredText(input, 'clusterArn'),
        optionalText(input, 'currentVersion'),
      );
      topics.forget(cluster.arn);
      await brokers.stop(cluster.arn);
      return { clusterArn: cluster.arn, state: 'DELETING' };
    },
    async GetBootstrapBrokers(input) {
      const { bootstrapServers } = await brokers.of(clusterIn(input));
      return { bootstrapBrokerString: bootstrapServers };
    },
    GetClusterPolicy: policyIn,
    PutClusterPolicy(input) {
      const { policyVersion } = clusters.update(clusterIn(input).arn, {
        policy: requiredText(input, 'policy'),
      });
      return { currentVersion: policyVersion };
    },
    DeleteClusterPolicy(input) {
      clusters.update(clusterIn(input).arn, { policy: undefined });
      return {};
    },
    CreateTopic: (input) => topics.create(clusterIn(input), input),
    DescribeTopic: (input) => topics.describe(clusterIn(input), input),
    DescribeTopicPartitions: (input) => topics.partitions(clusterIn(input), input),
    ListTopics: (input) => topics.list(clusterIn(input), input),
    UpdateTopic: (input) => topics.update(clusterIn(input), input),
    DeleteTopic: (input) => topics.delete(clusterIn(input), input),
    CreateConfiguration(input) {
      const { kafkaVersions: _versions, ...made } = describeConfiguration(configurations.create(input));
      return made;
    },
    DescribeConfiguration: (input) => describeConfiguration(configurations.get(requiredText(input, 'arn'))),
    ListConfigurations(input) {
      const { items, ...next } = configurations.list(input);
      return { configurations: items.map(describeConfiguration), ...next };
    },
    UpdateConfiguration(input) {
      const configuration = configurations.update(input);
      return {
        arn: configuration.arn,
        latestRevision: describeRevision(configuration, configuration.revisions.length),
      };
    },
    DescribeConfigurationRevision(input) {
      const configuration = configurations.get(requiredText(input, 'arn'));
      const number = revisionIn(input);
      return {
        arn: configuration.arn,
        ...describeRevision(configuration, number),
        serverProperties: configuration.revisions[number - 1]?.serverProperties,
      };
    },
    DeleteConfiguration: (input) => ({
      arn: configurations.delete(requiredText(input, 'arn')).arn,
      state: 'DELETING',
    }),
    TagResource(input) {
      const cluster = clusters.get(requiredText(input, 'resourceArn'));
      clusters.update(cluster.arn, { tags: { ...cluster.tags, ...tagsIn(input) } });
      return {};
    },
    UntagResource(input) {
      const cluster = clusters.get(requiredText(input, 'resourceArn'));
      const removed = new Set(textList(input, 'tagKeys'));
      const tags = Object.fromEntries(Object.entries(cluster.tags).filter(([key]) => !removed.has(key)));
      clusters.update(cluster.arn, { tags });
      return {};
    },
    ListTagsForResource: (input) => ({ tags: clusters.get(requiredText(input, 'resourceArn')).tags }),
  };

  const service: KafkaService = {
    name: 'kafka',
    protocols: { routes: kafkaRoutes(context, () => service) },
    async handle(action, input) {
      return actionNamed(actions, 'kafka', action)(input);
    },
    authorization: (action, input) => kafkaAuthorization((arn) => clusters.find(arn), action, input),
    startClustersWith: (start) => brokers.startWith(start),
    broker: async (clusterArn) => brokers.of(clusters.get(clusterArn)),
    stopBroker: (clusterArn) => brokers.stop(clusterArn),
    updateSettings(clusterArn, settings) {
      clusters.update(clusterArn, { settings: { ...clusters.get(clusterArn).settings, ...settings } });
    },
    readerAuthorization: (clusterArn, names, groupId) =>
      readerAuthorization(clusters.get(clusterArn), names, groupId),
    close: () => brokers.close(),
  };
  return service;
}
