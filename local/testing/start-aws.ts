/** Starts the embedded AWS for a test: in this process, in a few milliseconds, without Docker or an account. */
import { tmpdir } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { deployAssembly, type DeployedAssembly } from '../assembly/index.ts';
import {
  controllableClock,
  manualClock,
  startEmbeddedAws,
  type EmbeddedAws,
  type FaultRules,
  type Happening,
  type PolicyMode,
} from '../aws/index.ts';
import type { LambdaFaults } from '../aws/lambda/index.ts';
import { awsDatabase } from '../run/aws-database.ts';
import {
  customEventBusUnderTest,
  eventBusUnderTest,
  functionUnderTest,
  queueUnderTest,
  topicUnderTest,
  type EventBusUnderTest,
  type FunctionUnderTest,
  type QueueUnderTest,
  type TopicUnderTest,
} from './inspection.ts';
import { recordHappenings, type DeniedCall } from './records.ts';
import { resolveName } from './resolve-name.ts';
import { createSettle } from './settle.ts';
import { createTestClock, type TestClock } from './test-clock.ts';

export interface StartAwsOptions {
  /** @default us-east-1 */
  readonly region?: string;
  /** @default 000000000000 */
  readonly accountId?: string;
  /**
   * When the clock starts.
   * @default - now
   */
  readonly startTime?: Date;
  /**
   * Starts with the clock frozen: it moves by `clock.advance` alone.
   * @default false
   */
  readonly frozen?: boolean;
  /**
   * Seeds the injected faults; the same seed gives the same faults for the same calls.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Keeps everything acknowledged in this directory, for tests of restarts.
   * @default - nothing is kept
   */
  readonly stateDirectory?: string;
  /**
   * `enforced`: as AWS. `enforced-where-present`: a resource without any policy of its own takes deliveries from
   * its own account's services.
   * @default enforced
   */
  readonly policies?: PolicyMode;
}

/** A running AWS of this test's own. */
export interface TestAws {
  readonly endpointUrl: string;
  /** Spread it into any client of the AWS SDK: `new SQSClient(aws.clientConfig)`. */
  readonly clientConfig: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  readonly clock: TestClock;
  /** Faults of calls and of deliveries; deterministic from the seed. */
  readonly faults: FaultRules;
  /** Faults of functions: crashes, lost answers, slow starts. */
  readonly functionFaults: LambdaFaults;
  /**
   * Deploys a synthesized cloud assembly (`cdk.out`), or updates the one that was deployed before from there.
   * A database cluster gets an embedded PostgreSQL.
   * @throws AssemblyError naming the resource and the reason
   */
  deploy(assemblyDirectory: string): Promise<DeployedAssembly>;
  /** By name, ARN, URL, logical id or the start of one. @throws UnknownResourceError */
  queue(reference: string): QueueUnderTest;
  topic(reference: string): TopicUnderTest;
  eventBus(reference: string): EventBusUnderTest;
  /** A bus of `AWS::EventsV2`. */
  customEventBus(reference: string): EventBusUnderTest;
  function(reference: string): FunctionUnderTest;
  /** Resolves when nothing goes on by itself: what is left waits for the clock. @throws NotSettledError after 30 s */
  settled(): Promise<void>;
  /** Calls and deliveries that a policy refused, each with the statement that would be needed. */
  denied(): readonly DeniedCall[];
  /** Adds a listener for everything that happens; the returned function removes it. */
  observe(listener: (happening: Happening) => void): () => void;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * @throws StateError when the state directory can't be used
 * @example
 * const aws = await startAws({ frozen: true });
 * await aws.deploy('cdk.out');
 * await aws.topic('Orders').publish({ orderId: 'o-1' });
 * await aws.settled();
 * expect(aws.queue('Fulfilment/DeadLetterQueue').messages()).toEqual([]);
 */
export async function startAws(options: StartAwsOptions = {}): Promise<TestAws> {
  const { startTime, frozen = false, seed, policies = 'enforced', ...rest } = options;
  const start = startTime?.getTime() ?? Date.now();
  // Frozen from the first moment: the clock shows the start time to the millisecond.
  const clock = frozen ? manualClock(start) : controllableClock(start);
  const aws = await startEmbeddedAws({
    policies,
    ...rest,
    clock,
    ...(seed !== undefined && { faultSeed: seed }),
  });
  const { context, services, endpointUrl } = aws;
  const settled = createSettle(context);
  const records = recordHappenings(context);
  const deployed = new Map<string, DeployedAssembly>();
  const database = await awsDatabase(context, tmpdir()).catch(async (error: unknown) => {
    await aws.close();
    throw error;
  });

  const resolve = (reference: string, { kind, type, arns, arnOf }: Kind): string => {
    const resources = [...deployed.values()].flatMap((assembly) => assembly.resources);
    return resolveName(reference, { kind, type, arns: arns(), deployed: resources, arnOf });
  };
  const kinds = kindsOf(aws);
  const stop = async (): Promise<void> => {
    await aws.close();
    await database.stop();
  };

  return {
    endpointUrl,
    clientConfig: {
      endpoint: endpointUrl,
      region: context.region,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    clock: createTestClock(clock, settled),
    faults: context.faults,
    functionFaults: services.lambda.faults,
    async deploy(assemblyDirectory) {
      const assembly = await deployAssembly({
        assemblyDirectory,
        aws: context,
        startDatabase: database.startDatabase,
      });
      deployed.set(resolvePath(assemblyDirectory), assembly);
      return assembly;
    },
    queue: (reference) => queueUnderTest(context, resolve(reference, kinds.queue)),
    topic: (reference) => topicUnderTest(context, records, resolve(reference, kinds.topic)),
    eventBus: (reference) => eventBusUnderTest(context, records, resolve(reference, kinds.eventBus)),
    customEventBus: (reference) =>
      customEventBusUnderTest(context, records, resolve(reference, kinds.customEventBus)),
    function: (reference) => functionUnderTest(context, records, resolve(reference, kinds.function)),
    settled,
    denied: () => records.denied(),
    observe: (listener) => context.events.observe(listener),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Kind {
  readonly kind: string;
  readonly type: string;
  readonly arns: () => readonly string[];
  readonly arnOf: (physicalId: string) => string | undefined;
}

function kindsOf({ services: { sqs, sns, events, eventsv2, lambda } }: EmbeddedAws) {
  const among = (arns: () => readonly string[], separator: string) => ({
    arns,
    arnOf: (physicalId: string) =>
      arns().find((arn) => arn === physicalId || arn.endsWith(`${separator}${physicalId.split('/').at(-1)}`)),
  });
  return {
    queue: { kind: 'queue', type: 'AWS::SQS::Queue', ...among(() => sqs.queueArns(), ':') },
    topic: {
      kind: 'topic',
      type: 'AWS::SNS::Topic',
      ...among(() => sns.topics().map(({ arn }) => arn), ':'),
    },
    eventBus: {
      kind: 'event bus',
      type: 'AWS::Events::EventBus',
      ...among(() => events.buses().map(({ arn }) => arn), '/'),
    },
    customEventBus: {
      kind: 'custom event bus',
      type: 'AWS::EventsV2::EventBus',
      ...among(() => eventsv2.buses().map(({ arn }) => arn), '/'),
    },
    function: {
      kind: 'function',
      type: 'AWS::Lambda::Function',
      ...among(() => lambda.listFunctions().map(({ functionArn }) => functionArn), ':'),
    },
  } satisfies Record<string, Kind>;
}
