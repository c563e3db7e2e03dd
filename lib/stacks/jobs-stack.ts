/** The jobs system: a REST API that puts requests into a queue, the worker, its results, and the table of all jobs. */
import { CfnOutput, Duration, Tags } from 'aws-cdk-lib';
import { AttributeType, ProjectionType } from 'aws-cdk-lib/aws-dynamodb';
import type { GlobalSecondaryIndexPropsV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { AiJobs, jobRequestEvents, jobResultEvents } from '../../catalog/jobs/index.ts';
import {
  acknowledge,
  acknowledgeGuard,
  ClaimCheckBucket,
  ControlsTable,
  CostAnomalyAlarm,
  DataTable,
  EventFunction,
  EventQueue,
  HopAlarms,
  QueueConsumer,
  ScheduledFunction,
  standsStill,
} from '../constructs/index.ts';
import type { AlertTopic, MessagingKey } from '../constructs/index.ts';
import { jobsConfig } from '../config/index.ts';
import type { JobsConfig } from '../config/index.ts';
import { APPLICATION_NAME, EnvironmentStack } from './environment-stack.ts';
import type { EnvironmentStackProps } from './environment-stack.ts';
import { requestRoute } from './jobs-requests.ts';
import { SystemRestApi } from './rest-api.ts';

export interface JobsStackProps extends EnvironmentStackProps {
  /** For `encryptionKey`. */
  readonly key: MessagingKey;
  /** Is told of costs, besides of alarms. */
  readonly alertTopic: AlertTopic;
}

/** How long a request is hidden while a worker is at it: as long as the worker may run, and no longer (W13). */
const REQUEST_VISIBILITY = Duration.seconds(900);
const RESULT_VISIBILITY = Duration.seconds(300);
/** The longest that SQS keeps a message. */
const RETENTION = Duration.days(14);
/** Receives before a message is dead-lettered. What waits is put back as a copy, and uses none (docs/adr/0039). */
const MAX_RECEIVES = 3;

/** The longest that Lambda allows, lambda/latest/dg/gettingstarted-limits.html. */
const WORKER_TIMEOUT = Duration.minutes(15);
const WORKER_MEMORY_MIB = 3072;
/** With a batching window of five seconds: few invocations at night, and nobody waits long for a model. */
const WORKER_BATCH = { batchSize: 10, maxBatchingWindow: Duration.seconds(5) } as const;
/** A sixth of the visibility timeout. */
const RESULT_TIMEOUT = Duration.seconds(50);
/** Above it a caller notices. */
const MAX_AGE = Duration.minutes(5);

/** As lambda/jobs/job-queries.ts asks them. */
const BY_CREATION = 'byCreation';
const OPEN = 'open';

export class JobsStack extends EnvironmentStack {
  readonly requests: EventQueue;
  readonly results: EventQueue;
  readonly table: DataTable;
  /** Results that are too large for a message or a row. */
  readonly claims: ClaimCheckBucket;
  /** Kill switches and circuit breakers of the worker. */
  readonly controls: ControlsTable;
  readonly worker: QueueConsumer;
  readonly resultConsumer: QueueConsumer;
  readonly timeouts: ScheduledFunction;
  readonly http: SystemRestApi;
  /** Signs the tokens of the API. */
  readonly tokenSecret: Secret;
  /** Makes the prefixes of job ids. */
  readonly jobIdSecret: Secret;
  readonly #key: MessagingKey;
  readonly #values: JobsConfig;

  constructor(scope: Construct, id: string, props: JobsStackProps) {
    super(scope, id, { config: props.config, description: 'AI jobs: asynchronous work with an answer' });
    this.#key = props.key;
    this.#values = jobsConfig(props.config.name);
    this.requests = this.#createQueue('Requests', 'request');
    this.results = this.#createQueue('Results', 'response');
    this.table = this.#createTable();
    this.claims = new ClaimCheckBucket(this, 'Claims', {
      encryptionKey: this.#key,
      removalPolicy: this.removalPolicy,
    });
    this.controls = new ControlsTable(this, 'Controls', {
      encryptionKey: props.key,
      removalPolicy: this.removalPolicy,
    });
    this.tokenSecret = this.#createSecret(
      'TokenSecret',
      'Signs the tokens of the jobs API',
      'Whoever issues tokens must change to a new key at the same moment, so the rotation is commanded and not scheduled',
    );
    this.jobIdSecret = this.#createSecret(
      'JobIdSecret',
      'Makes the prefixes of job ids',
      'With another secret callers would no longer find the jobs that they have asked for, so it never changes',
    );
    this.worker = this.#createWorker();
    this.resultConsumer = this.#createResultConsumer();
    this.timeouts = this.#createTimeouts();
    this.http = this.#createApi();
    new HopAlarms(this.worker, {}).add('StandsStillAlarm', standsStill(this.requests.queue));
    // CloudFormation puts this tag of the stack on everything in it.
    new CostAnomalyAlarm(this, 'CostAnomaly', {
      alertTopic: props.alertTopic,
      tag: { key: 'Service', value: 'jobs' },
      threshold: this.#values.costAnomalyThreshold,
    });
    new CfnOutput(this, 'ApiUrl', { value: this.http.stage.urlForPath('/'), description: 'The REST API' });
    new CfnOutput(this, 'TokenSecretArn', {
      value: this.tokenSecret.secretArn,
      description: 'The secret whose text signs the tokens of the jobs API',
    });
  }

  /** Under names that services know which are not of this application. */
  #createQueue(id: string, part: 'request' | 'response'): EventQueue {
    const ofRequests = part === 'request';
    const name = (what: string) => `${APPLICATION_NAME}-ai-job-${what}-${this.config.name}`;
    const queue = new EventQueue(this, id, {
      publishes: ofRequests ? jobRequestEvents : jobResultEvents,
      queueName: name(part),
      deadLetterQueueName: name(`${part}-dlq`),
      encryptionKey: this.#key,
      visibilityTimeout: ofRequests ? REQUEST_VISIBILITY : RESULT_VISIBILITY,
      retentionPeriod: RETENTION,
      maxReceiveCount: MAX_RECEIVES,
    });
    // Also on the queues themselves, for those who look at queues and not at stacks.
    for (const [tag, value] of Object.entries(this.tags.tagValues())) Tags.of(queue).add(tag, value);
    acknowledgeGuard(queue.queue.node.defaultChild as CfnQueue, {
      id: 'W10A',
      received: `${RETENTION.toSeconds()} seconds`,
      reason:
        'A job that was accepted is kept for as long as SQS can keep it. What remains: a message that failed after days in the queue has only the rest of the 14 days in its dead-letter queue; the alarm on dead letters is critical, and the timeouts function ends a job that is open for a day',
    });
    return queue;
  }

  #createTable(): DataTable {
    const text = (name: string) => ({ name, type: AttributeType.STRING });
    const indexes: readonly GlobalSecondaryIndexPropsV2[] = [
      // Whole rows, so that a page of jobs is one query.
      { indexName: BY_CREATION, partitionKey: text('pk'), sortKey: text('createdKey') },
      // Of jobs that have not ended; ended ones leave the index.
      {
        indexName: OPEN,
        partitionKey: text('openShard'),
        sortKey: text('deadlineAt'),
        projectionType: ProjectionType.KEYS_ONLY,
      },
    ];
    return new DataTable(this, 'Jobs', {
      variable: 'JOBS_TABLE_NAME',
      encryptionKey: this.#key,
      globalSecondaryIndexes: indexes,
      removalPolicy: this.removalPolicy,
    });
  }

  #createWorker(): QueueConsumer {
    const worker = new QueueConsumer(this, 'JobWorker', {
      subscribesTo: [this.requests.events()],
      entry: 'lambda/handlers/jobs/job-worker.ts',
      description: 'Carries out AI jobs',
      ...WORKER_BATCH,
      maxConcurrency: this.#values.workerConcurrency,
      timeout: WORKER_TIMEOUT,
      memorySize: WORKER_MEMORY_MIB,
      extendsVisibility: true,
      putsBack: true,
      controls: this.controls,
      publishesTo: [this.results],
      maxAge: MAX_AGE,
      environment: { ...this.#limits(), AI_JOB_RESPONSE_QUEUE_URL: this.results.queue.queueUrl },
      logRetention: this.logRetention,
    });
    this.#claim(worker.handler, 'store');
    this.table.grants.access(worker.handler, ['GetItem', 'UpdateItem']);
    return worker;
  }

  #createResultConsumer(): QueueConsumer {
    const consumer = new QueueConsumer(this, 'JobResults', {
      subscribesTo: [this.results.events()],
      entry: 'lambda/handlers/jobs/job-results.ts',
      description: 'Writes how jobs ended',
      maxConcurrency: this.#values.resultConcurrency,
      timeout: RESULT_TIMEOUT,
      putsBack: true,
      maxAge: MAX_AGE,
      environment: this.#limits(),
      logRetention: this.logRetention,
    });
    // A result that fits a message may still be too large for a row.
    this.#claim(consumer.handler, 'store', 'fetch');
    this.table.grants.access(consumer.handler, ['GetItem', 'UpdateItem']);
    return consumer;
  }

  #createTimeouts(): ScheduledFunction {
    const timeouts = new ScheduledFunction(this, 'JobTimeouts', {
      entry: 'lambda/handlers/jobs/job-timeouts.ts',
      description: 'Ends jobs that are overdue',
      encryptionKey: this.#key,
      environment: this.#limits(),
      logRetention: this.logRetention,
    });
    this.table.grants.access(timeouts.handler, ['GetItem', 'UpdateItem'], [OPEN]);
    return timeouts;
  }

  #createApi(): SystemRestApi {
    const { logRetention } = this;
    const authorizer = new EventFunction(this, 'Authorizer', {
      entry: 'lambda/handlers/jobs/authorize-job-request.ts',
      description: 'Verifies the tokens of the jobs API',
      environment: {
        API_TOKEN_SECRET_ARN: this.tokenSecret.secretArn,
        JOB_ID_SECRET_ARN: this.jobIdSecret.secretArn,
      },
      timeout: Duration.seconds(5),
      memorySize: 256,
      logRetention,
    });
    for (const secret of [this.tokenSecret, this.jobIdSecret]) readSecret(authorizer, secret);
    const api = new EventFunction(this, 'JobsApi', {
      service: AiJobs,
      entry: 'lambda/handlers/jobs/jobs-api.ts',
      description: 'Tells of jobs, and cancels them',
      environment: this.#limits(),
      logRetention,
    });
    this.#claim(api, 'fetch');
    this.table.grants.access(api, ['GetItem', 'UpdateItem'], [BY_CREATION]);
    return new SystemRestApi(this, 'Http', {
      restApiName: `${this.stackName}-api`,
      description: 'AI jobs: ask for one, follow it, cancel it',
      authorizer,
      queues: [requestRoute(this.requests)],
      functions: [{ target: api, routes: ['GET /jobs', 'GET /jobs/{jobId}', 'DELETE /jobs/{jobId}'] }],
      throttlingRateLimit: this.#values.apiRateLimit,
      throttlingBurstLimit: this.#values.apiBurstLimit,
      logRetention,
    });
  }

  /** Results of whatever tenant: which one is in the key, and the function knows it from the event or the caller. */
  #claim(fn: EventFunction, ...uses: readonly ('store' | 'fetch')[]): void {
    for (const use of uses) this.claims.grants[use](fn, jobResultEvents);
    const bucket = this.getLogicalId(this.claims.bucket.node.defaultChild as CfnBucket);
    for (const { name } of jobResultEvents) {
      acknowledge(
        fn.role,
        `AwsSolutions-IAM5[Resource::<${bucket}.Arn>/claims/*/${name}/*]`,
        'Objects of one event, whose keys begin with the tenant and end with a digest: neither is known before they are written',
      );
    }
  }

  /** What every function finds that writes jobs. */
  #limits(): Readonly<Record<string, string>> {
    return {
      JOBS_MAX_RUNNING_PER_TENANT: String(this.#values.maxRunningPerTenant),
      JOBS_DAILY_PER_TENANT: String(this.#values.dailyQuotaPerTenant),
      JOBS_RETENTION_DAYS: String(this.#values.retentionDays),
    };
  }

  /** Made by Secrets Manager and known to nobody. */
  #createSecret(id: string, description: string, notRotatedBecause: string): Secret {
    const secret = new Secret(this, id, {
      description,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
    });
    acknowledge(secret, 'AwsSolutions-SMG4', notRotatedBecause);
    return secret;
  }
}

/** Not the secret's own grant, which adds the right to describe it. */
function readSecret(fn: EventFunction, secret: ISecret): void {
  fn.role.addToPolicy(
    new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secret.secretArn] }),
  );
}
