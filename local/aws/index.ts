/**
 * The embedded AWS: the services this project needs, in one process, behind one loopback endpoint that speaks
 * AWS's wire protocols. `waybill aws --port N` and the local run start it here.
 */
import { createAwsContext, type AwsContext, type AwsContextOptions, type AwsServices } from './context.ts';
import { startEndpoint, type Endpoint, type EndpointOptions } from './endpoint.ts';
import { rememberEndpointUrl } from './former-endpoints.ts';
import type { StartRedis } from './caches/index.ts';
import { createApiGatewayService } from './apigateway/index.ts';
import { createCloudWatchService } from './cloudwatch/index.ts';
import { createDynamoDbService } from './dynamodb/index.ts';
import { createDynamoDbStreamsService } from './dynamodb/streams/index.ts';
import { createCloudFormationService } from './cloudformation/index.ts';
import { createEcsService } from './ecs/index.ts';
import { createElastiCacheService } from './elasticache/index.ts';
import { createEventsService } from './events/index.ts';
import { createEventsV2Service } from './eventsv2/index.ts';
import { createIamService } from './iam/index.ts';
import { createKafkaService, type StartKafka } from './kafka/index.ts';
import { createKinesisService } from './kinesis/index.ts';
import { createKmsService } from './kms/index.ts';
import { createLambdaService, type LambdaOptions } from './lambda/index.ts';
import { createLogsService } from './logs/index.ts';
import { createMemoryDbService } from './memorydb/index.ts';
import { createMqService, type StartRabbitmq } from './mq/index.ts';
import { createPipesService } from './pipes/index.ts';
import { createS3Service } from './s3/index.ts';
import { createSchedulerService } from './scheduler/index.ts';
import { createSecretsManagerService } from './secretsmanager/index.ts';
import { createSnsService } from './sns/index.ts';
import { createSqsService } from './sqs/index.ts';
import { createSsmService } from './ssm/index.ts';
import { openStateStore } from './state/index.ts';
import { createStatesService } from './states/index.ts';
import { createStsService } from './sts/index.ts';

export * from './context.ts';
export { controllableClock, manualClock, systemClock } from './clock.ts';
export { authorizeCall, callService, ResponseDropped } from './dispatch.ts';
export { joinRegions, pausableClock } from './regions.ts';
export type { Region } from './regions.ts';
export { EndpointError } from './endpoint.ts';
export { AwsError, asAwsError, unknownOperation } from './errors.ts';
export type { FaultCall, FaultEffect, FaultRule, FaultRules } from './faults.ts';
export type { RestRequest, RestResponse, RestRoute } from './protocols/rest-json.ts';
export { StateError } from './state/index.ts';
export type { RedisBroker, StartRedis } from './caches/index.ts';
export type { EcsService, TaskOutput } from './ecs/index.ts';
export type { KafkaBroker, StartKafka } from './kafka/index.ts';
export type { RabbitmqBroker, StartRabbitmq } from './mq/index.ts';
export type { SqsService } from './sqs/index.ts';

export interface EmbeddedAwsOptions extends Omit<AwsContextOptions, 'state'>, EndpointOptions {
  /**
   * A directory that keeps everything acknowledged, also through kill -9; created when it is not there.
   * @default - nothing outlives the process
   */
  readonly stateDirectory?: string;
  /** How functions run on this machine; changed code is run at once with `hotReload`. */
  readonly lambda?: LambdaOptions;
  /** Starts the Kafka of an MSK cluster, when it is first needed. @default - an embedded one for each cluster */
  readonly startKafka?: StartKafka;
  /** Starts the RabbitMQ of a broker. @default - an embedded one for each broker */
  readonly startRabbitmq?: StartRabbitmq;
  /** Starts the server of a cache. @default - the Redis or Valkey that is installed; refused where there is none */
  readonly startRedis?: StartRedis;
}

/** A running embedded AWS. */
export interface EmbeddedAws {
  /** Give this to any SDK or to the AWS CLI as endpoint URL. */
  readonly endpointUrl: string;
  readonly context: AwsContext;
  readonly services: AwsServices;
  /** For outages: the endpoint refuses connections in between. */
  readonly endpoint: Pick<Endpoint, 'suspend' | 'resume'>;
  /** Stops listening, ends waiting calls and clears every timer. */
  close(): Promise<void>;
}

/**
 * Starts every built-in service and the endpoint. Rejects with an `EndpointError` of code `PortInUse` when the
 * port is taken, with a `StateError` when the state directory can't be used. Further services join with `context.services.register(service)` at any time.
 */
export async function startEmbeddedAws(options: EmbeddedAwsOptions = {}): Promise<EmbeddedAws> {
  const { stateDirectory, lambda, startKafka, startRabbitmq, startRedis, ...contextOptions } = options;
  const context = createAwsContext({
    ...contextOptions,
    ...(stateDirectory !== undefined && { state: openStateStore(stateDirectory) }),
  });
  // First of all, since services that come back from a state directory ask for the address. Nobody is answered before
  // the services are there: no request is read until this code has run.
  const endpoint = await startEndpoint(context, options).catch((error: unknown) => {
    context.state.close();
    throw error;
  });
  rememberEndpointUrl(context);
  let services: AwsServices;
  try {
    services = createBuiltInServices(
      context,
      { lambda, startKafka, startRabbitmq, startRedis },
      contextOptions.sameAccountAs,
    );
  } catch (error) {
    await endpoint.close();
    context.state.close();
    throw error;
  }
  return {
    endpointUrl: endpoint.url,
    context,
    services,
    endpoint,
    async close() {
      // Who reads from brokers leaves them before they go.
      const readers = [services.ecs, services.lambda, services.pipes];
      for (const reader of readers) await reader.close?.();
      for (const service of context.services.all()) {
        if (!readers.some((reader) => reader === service)) await service.close?.();
      }
      await endpoint.close();
      context.state.close();
    },
  };
}

/** The built-in services, registered in `context`, without an endpoint: all in-process calls work. */
function createBuiltInServices(
  context: AwsContext,
  {
    lambda,
    startKafka,
    startRabbitmq,
    startRedis,
  }: Pick<EmbeddedAwsOptions, 'lambda' | 'startKafka' | 'startRabbitmq' | 'startRedis'>,
  sameAccountAs?: AwsContext,
): AwsServices {
  const services: AwsServices = {
    apigateway: createApiGatewayService(context),
    cloudformation: createCloudFormationService(context),
    dynamodb: createDynamoDbService(context),
    dynamodbstreams: createDynamoDbStreamsService(context),
    ecs: createEcsService(context),
    elasticache: createElastiCacheService(context, startRedis),
    events: createEventsService(context),
    eventsv2: createEventsV2Service(context),
    iam: createIamService(context, sameAccountAs?.services.find('iam')?.identities),
    kafka: createKafkaService(context, startKafka),
    kinesis: createKinesisService(context),
    kms: createKmsService(context),
    lambda: createLambdaService(context, lambda),
    logs: createLogsService(context),
    memorydb: createMemoryDbService(context, startRedis),
    monitoring: createCloudWatchService(context),
    mq: createMqService(context, startRabbitmq),
    pipes: createPipesService(context),
    s3: createS3Service(context),
    scheduler: createSchedulerService(context),
    secretsmanager: createSecretsManagerService(context),
    sns: createSnsService(context),
    sqs: createSqsService(context),
    ssm: createSsmService(context),
    states: createStatesService(context),
    sts: createStsService(context),
  };
  for (const service of Object.values(services)) context.services.register(service);
  context.authorizer = services.iam.authorizer;
  return services;
}
