/** Every event source mapping: made, changed, removed, kept in the state directory, and its poller run. */
import { randomUUID } from 'node:crypto';

import type { AwsContext, Caller } from '../context.ts';
import { call } from '../delivery/index.ts';
import { asAwsError, AwsError } from '../errors.ts';
import { roleCaller } from '../iam/role-caller.ts';
import { createCheckpointStore, type Poller } from '../polling/index.ts';
import { configureMapping, describeMapping } from './event-source-mapping.ts';
import type { MappingConfiguration, MappingInput } from './event-source-mapping.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import { rabbitmqAddress } from './rabbitmq-mapping.ts';
import { functionArnOf, parseFunctionReference } from './function-reference.ts';
import type { KafkaSettings } from './kafka-mapping.ts';
import { startMappingPoller, type MappingDependencies } from './mapping-poller.ts';

export interface Mappings {
  create(input: MappingInput): Promise<MappingConfiguration>;
  update(uuid: string, changes: Partial<MappingInput>): Promise<MappingConfiguration>;
  delete(uuid: string): Promise<MappingConfiguration>;
  get(uuid: string): MappingConfiguration;
  list(): readonly MappingConfiguration[];
  /** As the API shows it. */
  describe(mapping: MappingConfiguration): Record<string, unknown>;
  /** Batches that are being processed. */
  inFlight(): number;
  close(): Promise<void>;
}

interface Mapping {
  readonly configuration: MappingConfiguration;
  poller: Promise<Poller> | undefined;
  /** The poller once it runs. */
  running: Poller | undefined;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  lastResult: string;
}

export function createMappings(
  context: AwsContext,
  functions: Pick<MappingDependencies, 'run' | 'configurationOf' | 'scaleOutDelay'>,
): Mappings {
  const mappings = new Map<string, Mapping>();
  const checkpoints = createCheckpointStore(context, 'lambda.checkpoints');
  const kept = context.state.collection<MappingInput>('lambda.mappings');

  const start = (configuration: MappingConfiguration): Mapping => {
    const mapping: Mapping = {
      configuration,
      poller: undefined,
      running: undefined,
      modifiedAt: context.clock.now(),
      lastResult: 'No records processed',
    };
    mappings.set(configuration.uuid, mapping);
    if (!configuration.enabled) return mapping;
    mapping.poller = startMappingPoller(configuration, {
      context,
      checkpoints,
      ...functions,
      processed: (result) => (mapping.lastResult = result),
    }).then((poller) => (mapping.running = poller));
    return mapping;
  };

  const arnOf = ({ functionName }: MappingConfiguration): string =>
    functionArnOf(context, parseFunctionReference(functionName));

  /** A source is mapped to a function once. API_CreateEventSourceMapping.html, ResourceConflictException. */
  const refuseTwins = (wanted: MappingConfiguration): void => {
    for (const { configuration: other } of mappings.values()) {
      if (other.eventSourceArn !== wanted.eventSourceArn || arnOf(other) !== arnOf(wanted)) continue;
      if (other.rabbitmq?.queue !== wanted.rabbitmq?.queue) continue;
      // The topics of a cluster are sources of their own.
      if (other.kafka?.topic !== wanted.kafka?.topic) continue;
      throw new AwsError(
        'ResourceConflictException',
        `An event source mapping with ${other.sourceKind === 'sqs' ? 'SQS' : other.sourceKind} arn (" ${wanted.eventSourceArn} ") and function (" ${wanted.functionName} ") already exists. Please update or delete the existing mappings with UUID ${other.uuid}`,
        409,
      );
    }
  };

  const existing = (uuid: string): Mapping => {
    const mapping = mappings.get(uuid);
    if (mapping) return mapping;
    throw new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
  };

  const stop = async (mapping: Mapping): Promise<void> => {
    const poller = await mapping.poller;
    await poller?.close();
  };

  const restore = (): void => {
    for (const [uuid, input] of kept.entries()) {
      try {
        functions.configurationOf(input.FunctionName);
        start(configureMapping(input, uuid, context.clock.now()));
      } catch {
        // Its function is gone, and so is what it was for.
        kept.delete(uuid);
      }
    }
  };
  // Once every service is there: a poller asks its source at once.
  const restoring = setImmediate(restore);

  return {
    async create(input) {
      const configuration = configureMapping(input, randomUUID(), context.clock.now());
      const target = functions.configurationOf(input.FunctionName);
      refuseTwins(configuration);
      await refuseUnreadable(context, configuration, target);
      const mapping = start(configuration);
      kept.put(configuration.uuid, input);
      await mapping.poller;
      return configuration;
    },
    async update(uuid, changes) {
      const old = existing(uuid);
      const { EventSourceArn: _fixed, StartingPosition: _alsoFixed, ...rest } = changes;
      const input = { ...old.configuration.input, ...rest };
      const configuration = configureMapping(input, uuid, context.clock.now());
      await refuseUnreadable(context, configuration, functions.configurationOf(input.FunctionName));
      await stop(old);
      const mapping = start(configuration);
      kept.put(uuid, input);
      await mapping.poller;
      return configuration;
    },
    async delete(uuid) {
      const mapping = existing(uuid);
      mappings.delete(uuid);
      kept.delete(uuid);
      await stop(mapping);
      checkpoints.of(uuid).clear();
      return mapping.configuration;
    },
    get: (uuid) => existing(uuid).configuration,
    list: () => [...mappings.values()].map(({ configuration }) => configuration),
    describe(configuration) {
      const mapping = mappings.get(configuration.uuid);
      return {
        ...describeMapping(configuration, {
          functionArn: arnOf(configuration),
          mappingArn: `arn:aws:lambda:${context.region}:${context.accountId}:event-source-mapping:${configuration.uuid}`,
        }),
        LastModified: (mapping?.modifiedAt ?? context.clock.now()) / 1000,
        LastProcessingResult: mapping?.lastResult ?? 'No records processed',
      };
    },
    inFlight: () => [...mappings.values()].reduce((sum, { running }) => sum + (running?.inFlight() ?? 0), 0),
    async close() {
      clearImmediate(restoring);
      await Promise.all([...mappings.values()].map(stop));
    },
  };
}

/**
 * Refused when the mapping is made: a source that is not there or that the function's role can't read, and a queue
 * whose messages are visible again too soon.
 */
async function refuseUnreadable(
  context: AwsContext,
  { eventSourceArn, sourceKind, rabbitmq, kafka }: MappingConfiguration,
  { timeoutSeconds, roleArn, functionName }: FunctionConfiguration,
): Promise<void> {
  const caller = roleCaller(roleArn, functionName);
  if (rabbitmq) {
    await rabbitmqAddress(context, eventSourceArn, rabbitmq, caller).catch((thrown: unknown) => {
      throw invalid(
        `Cannot access broker ${eventSourceArn}. Please ensure the role can perform mq:DescribeBroker on it and secretsmanager:GetSecretValue on its secret. ${asAwsError(thrown).message}`,
      );
    });
    return;
  }
  if (kafka) return refuseUnreadableTopic(context, eventSourceArn, kafka, caller);
  try {
    if (sourceKind === 'kinesis') {
      await call(context, 'kinesis', 'DescribeStreamSummary', { StreamARN: eventSourceArn }, caller);
      return;
    }
    if (sourceKind === 'dynamodb') {
      await call(context, 'dynamodbstreams', 'DescribeStream', { StreamArn: eventSourceArn }, caller);
      return;
    }
  } catch (thrown) {
    throw invalid(
      `Cannot access stream ${eventSourceArn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM. ${asAwsError(thrown).message}`,
    );
  }
  const visibility = visibilityTimeout(context, eventSourceArn);
  // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  if (visibility < timeoutSeconds) {
    throw invalid(
      `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    );
  }
  const sqs = context.services.get('sqs');
  const input = { QueueUrl: sqs.queueUrl(eventSourceArn) };
  try {
    for (const action of ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
      context.authorizer?.authorize('sqs', caller, sqs.authorization?.(action, input) ?? []);
    }
  } catch (thrown) {
    throw invalid(
      `The provided execution role does not have permissions to call ReceiveMessage on SQS. ${asAwsError(thrown).message}`,
    );
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/msk-cluster-auth.html */
function refuseUnreadableTopic(
  context: AwsContext,
  clusterArn: string,
  { topic, groupId }: KafkaSettings,
  caller: Caller,
): void {
  try {
    const needed = context.services.get('kafka').readerAuthorization(clusterArn, [topic], groupId);
    context.authorizer?.authorize('kafka', caller, needed);
  } catch (thrown) {
    throw invalid(
      `Cannot read topic ${topic} of ${clusterArn}. Please ensure the role can perform the kafka:DescribeClusterV2, kafka:GetBootstrapBrokers and kafka-cluster actions on your cluster, topic and group in IAM. ${asAwsError(thrown).message}`,
    );
  }
}

function visibilityTimeout(context: AwsContext, queueArn: string): number {
  try {
    return Number(context.services.get('sqs').attributes(queueArn)['VisibilityTimeout'] ?? Infinity);
  } catch (thrown) {
    throw invalid(
      `Error occurred while ReceiveMessage. SQS Error Code: ${asAwsError(thrown).queryCode}. SQS Error Message: ${asAwsError(thrown).message}`,
    );
  }
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
