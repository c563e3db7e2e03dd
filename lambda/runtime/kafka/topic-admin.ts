/** Brings one topic of a cluster to its settings over Kafka's own protocol. It adds and changes, and removes nothing. */
import { RuntimeError } from '../errors.ts';
import type * as AdminClient from './admin-client.ts';
import { clientSettings } from './cluster.ts';
import type { KafkaCluster } from './cluster.ts';
import { kafkaFailure } from './kafka-error.ts';

export interface TopicSettings {
  readonly name: string;
  readonly partitions: number;
  /** Kafka's own, by name; what is not named has the cluster's default. */
  readonly configs: Readonly<Record<string, string>>;
}

export type TopicChange = 'created' | 'changed' | 'unchanged';

type Admin = AdminClient.Admin;

/**
 * | the topic | partitions | settings |
 * |---|---|---|
 * | is not there | created | created |
 * | is there with fewer partitions | added | what differs is set, what is not named goes back to its default |
 * | is there with as many | kept | the same |
 * | is there with more | refused: Kafka takes none away | not looked at |
 *
 * The replication factor is left to the cluster: MSK Serverless has one of its own.
 *
 * @throws RuntimeError WAYBILL_KAFKA_TOPIC_FAILED with the topic, what happened, and what to do
 */
export async function bringTopic(cluster: KafkaCluster, topic: TopicSettings): Promise<TopicChange> {
  const api = await import('./admin-client.ts');
  let admin: Admin | undefined;
  try {
    admin = new api.Admin(await clientSettings(cluster, 'waybill-topics', process.env));
    if (await create(admin, topic)) return 'created';
    const added = await addPartitions(admin, topic);
    const changed = await changeConfigs(api, admin, topic);
    return added || changed ? 'changed' : 'unchanged';
  } catch (error) {
    throw error instanceof TopicError ? error : topicError(topic, error);
  } finally {
    await admin?.close().catch(() => undefined);
  }
}

/** A topic that is not as it should be. */
export class TopicError extends RuntimeError {
  /** Trying again can help: the cluster or its permissions are new, or it does not answer. */
  readonly mayPass: boolean;

  constructor(topic: string, what: string, fix: string, mayPass: boolean, options?: ErrorOptions) {
    super('WAYBILL_KAFKA_TOPIC_FAILED', `Kafka topic ${topic}: ${what}. ${fix}`, options);
    this.mayPass = mayPass;
  }
}

/** False when it is there already. */
async function create(admin: Admin, { name, partitions, configs }: TopicSettings): Promise<boolean> {
  try {
    await admin.createTopics({
      topics: [name],
      partitions,
      configs: Object.entries(configs).map(([config, value]) => ({ name: config, value })),
    });
    return true;
  } catch (error) {
    if (kafkaFailure(error).code === 'TOPIC_ALREADY_EXISTS') return false;
    throw error;
  }
}

async function addPartitions(admin: Admin, { name, partitions }: TopicSettings): Promise<boolean> {
  const { topics } = await admin.metadata({ topics: [name], forceUpdate: true });
  const present = topics.get(name)?.partitionsCount ?? 0;
  if (present === partitions) return false;
  if (present > partitions) {
    throw new TopicError(
      name,
      `it has ${present} partitions, and ${partitions} are asked for`,
      `Kafka takes no partitions away: set partitionCount to ${present} or more, or make a topic of another name`,
      false,
    );
  }
  await admin.createPartitions({ topics: [{ name, count: partitions }] });
  return true;
}

/** A serverless cluster takes it when a topic is created: msk/latest/developerguide/serverless-config.html. */
const AT_CREATION_ONLY = 'cleanup.policy';

async function changeConfigs(
  api: typeof AdminClient,
  admin: Admin,
  { name, configs }: TopicSettings,
): Promise<boolean> {
  const resource = { resourceType: api.ConfigResourceTypes.TOPIC, resourceName: name };
  const [described] = await admin.describeConfigs({ resources: [resource] });
  const present = described?.configs ?? [];
  const wanted = new Map(Object.entries(configs));
  const set = [...wanted]
    .filter(([config, value]) => present.find((one) => one.name === config)?.value !== value)
    .map(([config, value]) => ({
      name: config,
      configOperation: api.IncrementalAlterConfigOperationTypes.SET,
      value,
    }));
  const reset = present
    .filter((one) => one.configSource === api.ConfigSources.DYNAMIC_TOPIC_CONFIG && !one.readOnly)
    // What the cluster itself sets of each topic is its own, and so is what can't be changed any more.
    .filter((one) => ALTERABLE.has(one.name) && !wanted.has(one.name))
    .map((one) => ({ name: one.name, configOperation: api.IncrementalAlterConfigOperationTypes.DELETE }));
  if (set.length + reset.length === 0) return false;
  if (set.some((one) => one.name === AT_CREATION_ONLY)) {
    throw new TopicError(
      name,
      `${AT_CREATION_ONLY} is '${present.find((one) => one.name === AT_CREATION_ONLY)?.value}', and '${wanted.get(AT_CREATION_ONLY)}' is asked for`,
      'A serverless cluster takes it only when a topic is created: make a topic of another name',
      false,
    );
  }
  await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs: [...set, ...reset] }] });
  return true;
}

/** Settings of a topic that MSK Serverless lets be changed. Same page. */
const ALTERABLE: ReadonlySet<string> = new Set([
  'compression.type',
  'max.message.bytes',
  'message.timestamp.difference.max.ms',
  'message.timestamp.type',
  'retention.bytes',
  'retention.ms',
]);

/**
 * | code | what to do | may pass |
 * |---|---|---|
 * | ..._AUTHORIZATION_FAILED, SASL | permissions; new ones take a while | yes |
 * | THROTTLING_QUOTA_EXCEEDED | fewer at a time | yes |
 * | one of FIXES | the settings | no |
 * | any other | the network; the brokers of a new cluster take a while | yes |
 */
function topicError({ name }: TopicSettings, error: unknown): TopicError {
  const { code, message } = kafkaFailure(error);
  const fixed = (fix: string, mayPass: boolean): TopicError =>
    new TopicError(name, `${code}: ${messageOf(error) ?? message}`, fix, mayPass, { cause: error });
  if (code === 'THROTTLING_QUOTA_EXCEEDED') {
    return fixed('Make fewer topics at a time: the cluster limits how fast partitions come', true);
  }
  if (/AUTHORI[SZ]ATION|SASL|AUTHENTICATION|AccessDenied|Forbidden/i.test(`${code} ${message}`)) {
    return fixed(
      'Allow the function kafka:GetBootstrapBrokers and kafka-cluster:Connect on the cluster, and kafka-cluster:CreateTopic, DescribeTopic, AlterTopic and their DynamicConfiguration forms on the topic',
      true,
    );
  }
  const fix = FIXES[code];
  if (fix !== undefined) return fixed(fix, false);
  return fixed(
    'The brokers did not do it: check that the function has the clientSecurityGroup of the cluster, that its subnets reach port 9098, and that the network has an endpoint of the MSK API',
    true,
  );
}

/** What a broker refuses for good. Kafka protocol, "Error codes". */
const FIXES: Readonly<Record<string, string>> = {
  INVALID_TOPIC_EXCEPTION: "Give it a name of letters, digits, '.', '_' and '-'",
  INVALID_PARTITIONS: 'Give another partitionCount',
  INVALID_REPLICATION_FACTOR: 'The cluster has fewer brokers than copies are asked for',
  INVALID_CONFIG:
    'Correct `configs`: the names and values are those of Kafka, and a serverless cluster takes few',
  INVALID_REQUEST: 'Correct `configs` and partitionCount: the cluster does not take them together',
  POLICY_VIOLATION:
    "Lower partitionCount or ask AWS for more partitions (msk/latest/developerguide/limits.html), or correct `configs`: the cluster's policy refuses them",
};

/** The broker's own words; the client's errors are trees. */
function messageOf(error: unknown): string | undefined {
  const { errors, cause, message, apiId } = Object(error) as {
    readonly errors?: unknown;
    readonly cause?: unknown;
    readonly message?: unknown;
    readonly apiId?: unknown;
  };
  if (typeof apiId === 'string' && typeof message === 'string') return message;
  const inner: readonly unknown[] = [...(Array.isArray(errors) ? errors : []), cause];
  return inner
    .filter((one) => one !== undefined)
    .map(messageOf)
    .find((found) => found !== undefined);
}
