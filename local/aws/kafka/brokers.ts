/** The brokers behind the clusters: started when somebody first asks for them, each cluster's of its own. */
import { startEmbeddedKafka } from '../../kafka/index.ts';
import { topicAdmin } from '../../kafka/client/topics.ts';
import { KafkaError } from '../../kafka/errors.ts';
import type { AwsContext } from '../context.ts';
import type { Cluster, KeptTopic } from './model.ts';

/** A running Kafka, embedded or real. */
export interface KafkaBroker {
  /** `host:port`, or several with commas between; plaintext. */
  readonly bootstrapServers: string;
  stop(): Promise<void>;
}

/** Starts (or finds) the Kafka of a cluster. Called once for each, when it is first needed. */
export type StartKafka = (
  cluster: Pick<Cluster, 'arn' | 'name'> & { readonly region: string },
) => Promise<KafkaBroker>;

export interface Brokers {
  startWith(startKafka: StartKafka): void;
  of(cluster: Cluster): Promise<KafkaBroker>;
  /** The topics that the API made, again, are in the cluster: one that was made there is not made a second time. */
  stop(clusterArn: string): Promise<void>;
  close(): Promise<void>;
}

export interface TopicsOfClusters {
  /** What a cluster has to have when its brokers start. */
  of(clusterArn: string): readonly KeptTopic[];
  /** What an embedded Kafka has now. */
  keep(clusterArn: string, topics: readonly KeptTopic[]): void;
}

export function createBrokers(
  context: AwsContext,
  topicsOfClusters: TopicsOfClusters,
  given: StartKafka | undefined,
): Brokers {
  const running = new Map<string, Promise<KafkaBroker>>();
  /** Those whose topics are all there: before that, what an embedded Kafka tells is a part. */
  const complete = new Set<string>();
  let startKafka: StartKafka =
    given ??
    (({ arn }) =>
      startEmbeddedKafka({
        onTopicsChanged: (topics) => {
          if (complete.has(arn)) topicsOfClusters.keep(arn, topics);
        },
      }));

  const start = async ({ arn, name }: Cluster): Promise<KafkaBroker> => {
    const broker = await startKafka({ arn, name, region: context.region });
    const admin = topicAdmin(broker.bootstrapServers);
    for (const topic of topicsOfClusters.of(arn)) {
      try {
        await admin.create(topic);
      } catch (thrown) {
        if (!(thrown instanceof KafkaError && thrown.errorName === 'TOPIC_ALREADY_EXISTS')) throw thrown;
      }
    }
    complete.add(arn);
    return broker;
  };
  const stop = async (clusterArn: string): Promise<void> => {
    const broker = await running.get(clusterArn)?.catch(() => undefined);
    running.delete(clusterArn);
    complete.delete(clusterArn);
    await broker?.stop();
  };

  return {
    startWith: (other) => void (startKafka = other),
    of(cluster) {
      const known = running.get(cluster.arn);
      if (known) return known;
      const broker = start(cluster);
      running.set(cluster.arn, broker);
      broker.catch(() => running.delete(cluster.arn));
      return broker;
    },
    stop,
    async close() {
      await Promise.all([...running.keys()].map(stop));
    },
  };
}
