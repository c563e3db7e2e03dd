/** What the MSK API keeps: clusters, their topics, configurations. */

export interface Cluster {
  readonly arn: string;
  readonly name: string;
  readonly type: 'PROVISIONED' | 'SERVERLESS';
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Changes with every update; updates and removals name it. */
  readonly version: string;
  /** `Provisioned` or `Serverless` of the request. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  /** The cluster policy as JSON text. */
  readonly policy: string | undefined;
  readonly policyVersion: string;
}

/** A topic that was made through the API, or by a client of an embedded Kafka: made again when the cluster's memory is gone. */
export interface KeptTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface Configuration {
  readonly arn: string;
  readonly name: string;
  readonly description: string;
  readonly kafkaVersions: readonly string[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The first one is revision 1. */
  readonly revisions: readonly ConfigurationRevision[];
}

export interface ConfigurationRevision {
  readonly createdAt: number;
  readonly description: string;
  /** Base64. */
  readonly serverProperties: string;
}

/** The name and UUID in an ARN, which those of topics and groups repeat. */
export function clusterPart(clusterArn: string): string {
  return clusterArn.slice(clusterArn.indexOf(':cluster/') + ':cluster/'.length);
}

/** `arn:...:topic/CLUSTER/UUID/TOPIC`, or of a group. */
export function arnWithin(clusterArn: string, kind: 'topic' | 'group', name: string): string {
  return `${clusterArn.slice(0, clusterArn.indexOf(':cluster/'))}:${kind}/${clusterPart(clusterArn)}/${name}`;
}
