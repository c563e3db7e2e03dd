/** The generation system's queue, topics, outbox, HTTP API and schedule. What pushes to browsers and its consumers have files of their own. */
import { CfnOutput, Duration } from 'aws-cdk-lib';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import {
  GenerationComplete,
  GenerationFailed,
  GenerationRequested,
  Generations,
  UserErased,
} from '../../catalog/index.ts';
import {
  EventFunction,
  EventQueue,
  EventTopic,
  OutboxRelay,
  ScheduledFunction,
  SealingKey,
  TopicEndpoint,
} from '../constructs/index.ts';
import { generationConfig } from '../config/index.ts';
import type { GenerationConfig } from '../config/index.ts';
import { pascalCase } from '../constructs/names.ts';
import { migrate } from './database-migration.ts';
import { EnvironmentStack } from './environment-stack.ts';
import { GenerationPush } from './generation-push.ts';
import { SystemRestApi } from './rest-api.ts';
import { createSecret, readSecret } from './signing-secret.ts';
import type { SystemStackProps } from './system-stack.ts';

/** Six times this is how long an order for the provider is hidden while the starter is at it. */
export const STARTER_TIMEOUT = Duration.seconds(30);
/** What a provider that calls back gets as an answer, at the latest: three tries at the database, with pauses. */
const CALLBACK_TIMEOUT = Duration.seconds(25);
const AUTHORIZER_TIMEOUT = Duration.seconds(5);

/** A file for each function, of its name. */
export function entryOf(name: string): string {
  return `lambda/handlers/generation/${name}.ts`;
}

export class GenerationStack extends EnvironmentStack {
  /** What is to be ordered from the provider. */
  readonly requests: EventQueue;
  /** How each generation stands, in the order of each user. */
  readonly complete: EventTopic<typeof GenerationComplete | typeof UserErased>;
  /** What people have to look at. */
  readonly errors: EventTopic<typeof GenerationFailed>;
  /** Prompts in events. */
  readonly sealingKey: SealingKey;
  readonly relay: OutboxRelay;
  readonly push: GenerationPush;
  readonly http: SystemRestApi;
  /** Signs the tokens of the HTTP API. */
  readonly tokenSecret: Secret;
  /** Signs what the provider tells. */
  readonly callbackSecret: Secret;
  readonly timeouts: ScheduledFunction;
  readonly #shared: SystemStackProps;
  readonly #values: GenerationConfig;

  constructor(scope: Construct, id: string, props: SystemStackProps) {
    super(scope, id, {
      config: props.config,
      description: 'Generated images and pushes to browsers: the generation system',
    });
    this.#shared = props;
    this.#values = generationConfig(props.config.name);
    const { migrated } = migrate(this, {
      entry: entryOf('migrate-database'),
      database: props.database,
      after: [],
    });
    this.requests = new EventQueue(this, 'GenerationRequests', {
      publishes: [GenerationRequested],
      visibilityTimeout: Duration.seconds(6 * STARTER_TIMEOUT.toSeconds()),
      encryptionKey: props.key,
    });
    this.complete = new EventTopic(this, 'CompleteEvents', {
      service: Generations,
      publishes: [GenerationComplete, UserErased],
      fifo: true,
      topicName: `${this.stackName}-generation-complete`,
      encryptionKey: props.key,
    });
    this.errors = this.#createErrors();
    this.sealingKey = new SealingKey(this, 'SealingKey', { removalPolicy: this.removalPolicy });
    this.relay = new OutboxRelay(this, 'Relay', {
      entry: entryOf('relay'),
      database: props.database,
      publishesTo: [this.requests, this.complete, this.errors],
      encryptionKey: props.key,
      logRetention: this.logRetention,
    });
    this.relay.node.addDependency(migrated);
    this.tokenSecret = createSecret(
      this,
      'TokenSecret',
      'Signs the tokens of the HTTP API',
      'Whoever issues tokens must change to a new key at the same moment, so the rotation is commanded and not scheduled',
    );
    this.callbackSecret = createSecret(
      this,
      'CallbackSecret',
      'Signs what the provider of images tells',
      'The provider must get the new key before it is used; a rotation is commanded, and both keys hold for its time',
    );
    this.push = new GenerationPush(this, 'Push', {
      values: this.#values,
      encryptionKey: props.key,
      removalPolicy: this.removalPolicy,
      logRetention: this.logRetention,
    });
    this.http = this.#createApi();
    this.timeouts = new ScheduledFunction(this, 'GenerationTimeouts', {
      entry: entryOf('generation-timeouts'),
      description: 'Ends generations whose provider says nothing any more',
      outbox: this.relay,
      environment: { GENERATION_TIMEOUT_MINUTES: String(this.#values.generationTimeoutMinutes) },
      encryptionKey: props.key,
      logRetention: this.logRetention,
    });
    this.sealingKey.grants.seal(this.timeouts, [GenerationComplete]);
    this.#describe();
  }

  /** Standard: people read of errors in any order, and e-mail takes no FIFO topic. */
  #createErrors(): EventTopic<typeof GenerationFailed> {
    const topic = new EventTopic(this, 'ErrorEvents', {
      service: Generations,
      publishes: [GenerationFailed],
      topicName: `${this.stackName}-error-notifications`,
      encryptionKey: this.#shared.key,
    });
    for (const endpoint of this.#values.errorEmails) {
      new TopicEndpoint(this, `${pascalCase(endpoint.replaceAll(/[^A-Za-z0-9]+/g, '-'))}Endpoint`, {
        subscribesTo: topic.events(),
        protocol: 'email',
        endpoint,
        encryptionKey: this.#shared.key,
      });
    }
    return topic;
  }

  #createApi(): SystemRestApi {
    const { logRetention } = this;
    const authorizer = new EventFunction(this, 'Authorizer', {
      entry: entryOf('authorize-generation-request'),
      description: 'Verifies the tokens of the HTTP API',
      timeout: AUTHORIZER_TIMEOUT,
      memorySize: 256,
      logRetention,
    });
    readSecret(authorizer, this.tokenSecret, 'API_TOKEN_SECRET_ARN');
    const api = new EventFunction(this, 'GenerationApi', {
      entry: entryOf('generation-api'),
      outbox: this.relay,
      emits: [GenerationRequested, UserErased],
      logRetention,
    });
    this.sealingKey.grants.seal(api, [GenerationRequested]);
    const callback = new EventFunction(this, 'ProviderCallback', {
      entry: entryOf('provider-callback'),
      outbox: this.relay,
      emits: [GenerationComplete],
      publishesTo: [this.errors],
      timeout: CALLBACK_TIMEOUT,
      logRetention,
    });
    readSecret(callback, this.callbackSecret, 'CALLBACK_SECRET_ARN');
    this.sealingKey.grants.seal(callback, [GenerationComplete]);
    return new SystemRestApi(this, 'Rest', {
      restApiName: `${this.stackName}-api`,
      description: 'Generated images: ask for one, follow it, and get a ticket for its notifications',
      authorizer,
      throttlingRateLimit: this.#values.apiRateLimit,
      throttlingBurstLimit: this.#values.apiBurstLimit,
      logRetention,
      corsOrigins: this.#values.pageOrigins,
      functions: [
        {
          target: api,
          routes: [
            'POST /generations',
            'GET /generations',
            'GET /generations/{generationId}',
            'DELETE /users/{userId}',
          ],
        },
        { target: this.push.tickets, routes: ['POST /tickets'] },
        {
          target: callback,
          routes: ['POST /callbacks/provider'],
          openBecause:
            'The provider can send no token; the function verifies the HMAC signature of every request, and its age',
        },
      ],
    });
  }

  #describe(): void {
    const outputs = {
      ApiUrl: [this.http.url, 'The HTTP API, with its stage'],
      WebSocketUrl: [this.push.webSocket.url, 'Where browsers connect, with a ticket of the HTTP API'],
      TokenSecretArn: [this.tokenSecret.secretArn, 'The secret whose text signs the tokens of the HTTP API'],
      CallbackSecretArn: [
        this.callbackSecret.secretArn,
        'The secret whose text signs what the provider tells',
      ],
    } as const;
    for (const [id, [value, description]] of Object.entries(outputs)) {
      new CfnOutput(this, id, { value, description });
    }
  }
}
