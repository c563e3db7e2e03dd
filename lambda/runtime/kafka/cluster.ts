/** How a Kafka cluster is reached, by its ARN or by its addresses, and the settings of every client (D15). */
import { fullJitter } from '../backoff.ts';
import { bootstrapBrokers, mskIamToken } from '../aws/msk.ts';
import type { Environment } from '../environment.ts';

/** One of the two. */
export interface KafkaCluster {
  /** An MSK cluster: its brokers are asked of MSK, and IAM logs in. */
  readonly clusterArn?: string;
  /** `HOST:PORT,HOST:PORT` of a Kafka without authentication, such as a local one. */
  readonly bootstrapServers?: string;
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 5_000;
const REQUEST_TIMEOUT = 15_000;
/** After the first try. What still fails is the caller's to retry, with its own backoff. */
const RETRIES = 4;
const RETRY_BACKOFF = { base: 200, cap: 2_000 };

export async function clientSettings(cluster: KafkaCluster, clientId: string, environment: Environment) {
  const { brokers, iam } =
    cluster.clusterArn === undefined
      ? { brokers: (cluster.bootstrapServers ?? '').split(',').filter(Boolean), iam: false }
      : await bootstrapBrokers(cluster.clusterArn, environment);
  const region = cluster.clusterArn?.split(':')[3] ?? '';
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: CONNECT_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    timeout: REQUEST_TIMEOUT,
    retries: RETRIES,
    retryDelay: (_client: object, _operation: string, attempt: number) =>
      fullJitter(RETRY_BACKOFF, attempt, Math.random),
    ...(iam && {
      tls: {},
      // Asked for at each login, and before a session ends: a token lives for fifteen minutes.
      sasl: { mechanism: 'OAUTHBEARER' as const, token: () => mskIamToken(region, environment) },
    }),
  };
}

export function clusterName({ clusterArn, bootstrapServers }: KafkaCluster): string {
  return clusterArn ?? bootstrapServers ?? '';
}
