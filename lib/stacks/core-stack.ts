/** The core system: three services with a topic each, eight consumers with a queue each, one outbox, one HTTP API. */
import { join } from 'node:path';
import { CfnOutput, CustomResource, Duration, FileSystem, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import {
  Adapters,
  adaptersEvents,
  BuildChanged,
  CodePushed,
  ControlPlane,
  controlPlaneEvents,
  CoreApi,
  coreApiEvents,
  DeploymentChanged,
  DiscussionChanged,
  EntitlementsChanged,
  InstallationChanged,
  IssueChanged,
  ProjectArchived,
  ProjectCreated,
  ProjectRenamed,
  PullRequestChanged,
  ReleaseChanged,
  SecurityAlertChanged,
  TenantReactivated,
  TenantRegistered,
  TenantSuspended,
} from '../../catalog/index.ts';
import {
  acknowledge,
  EventFunction,
  EventTopic,
  MessageBus,
  OutboxRelay,
  QueueConsumer,
} from '../constructs/index.ts';
import type { DatabaseConnection } from '../constructs/index.ts';
import { CoreHttpApi } from './core-http-api.ts';

export interface CoreStackProps extends StackProps {
  readonly database: DatabaseConnection;
  /** Tenants whose software delivery is measured. */
  readonly premiumTenants: readonly string[];
  /** Requests a second to the HTTP API. */
  readonly apiRateLimit: number;
  /** Requests at once above the rate. */
  readonly apiBurstLimit: number;
  /** Invocations at a time of each consumer. */
  readonly consumerConcurrency: number;
  /** How long the bus keeps its events for a replay. */
  readonly archiveRetention: Duration;
  /** @default - SQS's own key; topics are not encrypted at rest */
  readonly encryptionKey?: IKey | undefined;
  /** @default - the application's AlertTopic */
  readonly alertTopic?: ITopic | undefined;
}

const MIGRATION_TIMEOUT = Duration.minutes(10);

/** The three topics, by service. */
interface Topics {
  readonly coreApi: EventTopic<(typeof coreApiEvents)[number]>;
  readonly adapters: EventTopic<(typeof adaptersEvents)[number]>;
  readonly controlPlane: EventTopic<(typeof controlPlaneEvents)[number]>;
}

export class CoreStack extends Stack {
  readonly topics: Topics;
  readonly bus: MessageBus;
  readonly relay: OutboxRelay;
  readonly consumers: readonly QueueConsumer[];
  readonly http: CoreHttpApi;
  readonly tokenSecret: Secret;

  constructor(scope: Construct, id: string, props: CoreStackProps) {
    super(scope, id, props);
    this.topics = this.#topics(props);
    this.bus = new MessageBus(this, 'Bus', {
      description: 'Events that cross from one service to another',
      archiveRetention: props.archiveRetention,
      logLevel: 'error',
      ...common(props),
    });
    this.relay = new OutboxRelay(this, 'Relay', {
      database: props.database,
      publishesTo: [
        this.topics.coreApi,
        this.topics.adapters,
        this.topics.controlPlane,
        this.bus.publishing([InstallationChanged]),
      ],
      ...common(props),
    });
    this.tokenSecret = this.#tokenSecret();
    this.consumers = this.#consumers(props);
    this.http = this.#http(props);
    this.#migrateFirst(props);
    new CfnOutput(this, 'ApiUrl', { value: this.http.api.apiEndpoint, description: 'The HTTP API' });
    new CfnOutput(this, 'TokenSecret', {
      value: this.tokenSecret.secretArn,
      description: 'The secret whose text signs the tokens of the HTTP API',
    });
  }

  /** FIFO: what happened to one project, issue or tenant is told in the order in which it happened. */
  #topics(props: CoreStackProps): Topics {
    const fifo = { fifo: true, ...encrypted(props) } as const;
    return {
      coreApi: new EventTopic(this, 'CoreApiEvents', { service: CoreApi, publishes: coreApiEvents, ...fifo }),
      adapters: new EventTopic(this, 'AdaptersEvents', {
        service: Adapters,
        publishes: adaptersEvents,
        ...fifo,
      }),
      controlPlane: new EventTopic(this, 'ControlPlaneEvents', {
        service: ControlPlane,
        publishes: controlPlaneEvents,
        ...fifo,
      }),
    };
  }

  #consumers(props: CoreStackProps): QueueConsumer[] {
    const { coreApi, adapters, controlPlane } = this.topics;
    const premium = { tenants: props.premiumTenants };
    const shared = { maxConcurrency: props.consumerConcurrency, ...common(props) };
    const reads = { database: props.database, ...shared };
    const writes = { outbox: this.relay, ...shared };
    return [
      new QueueConsumer(this, 'AuditTrail', {
        subscribesTo: [coreApi.events(), adapters.events(), controlPlane.events()],
        entry: 'lambda/handlers/audit-trail.ts',
        ...reads,
      }),
      new QueueConsumer(this, 'UsageMetering', {
        subscribesTo: [coreApi.events(), adapters.events()],
        entry: 'lambda/handlers/usage-metering.ts',
        ...reads,
      }),
      new QueueConsumer(this, 'SearchIndex', {
        subscribesTo: [
          coreApi.event(ProjectCreated),
          coreApi.event(ProjectRenamed),
          coreApi.event(ProjectArchived),
          adapters.event(IssueChanged),
          adapters.event(PullRequestChanged),
          adapters.event(DiscussionChanged),
          adapters.event(ReleaseChanged),
        ],
        entry: 'lambda/handlers/search-index.ts',
        ...reads,
      }),
      new QueueConsumer(this, 'TenantProvisioning', {
        subscribesTo: [controlPlane.event(TenantRegistered)],
        entry: 'lambda/handlers/tenant-provisioning.ts',
        ...writes,
      }),
      new QueueConsumer(this, 'WebhookDelivery', {
        subscribesTo: [
          coreApi.event(ProjectCreated),
          coreApi.event(ProjectRenamed),
          coreApi.event(ProjectArchived),
          adapters.event(PullRequestChanged),
          adapters.event(IssueChanged),
          adapters.event(DiscussionChanged),
          adapters.event(ReleaseChanged),
          adapters.event(DeploymentChanged),
          adapters.event(SecurityAlertChanged),
        ],
        entry: 'lambda/handlers/webhook-delivery.ts',
        ...writes,
      }),
      new QueueConsumer(this, 'EntitlementCache', {
        subscribesTo: [
          controlPlane.event(EntitlementsChanged),
          controlPlane.event(TenantSuspended),
          controlPlane.event(TenantReactivated),
        ],
        entry: 'lambda/handlers/entitlement-cache.ts',
        ...reads,
      }),
      // Across services, and so over the bus: the control plane need not know the topic of adapters.
      new QueueConsumer(this, 'IntegrationRegistry', {
        subscribesTo: [this.bus.event(InstallationChanged)],
        entry: 'lambda/handlers/integration-registry.ts',
        ...writes,
      }),
      new QueueConsumer(this, 'DeliveryInsights', {
        subscribesTo: [
          adapters.event(CodePushed, premium),
          adapters.event(PullRequestChanged, premium),
          adapters.event(BuildChanged, premium),
          adapters.event(DeploymentChanged, premium),
        ],
        entry: 'lambda/handlers/delivery-insights.ts',
        ...reads,
      }),
    ];
  }

  #http(props: CoreStackProps): CoreHttpApi {
    const writes = { outbox: this.relay, ...alarmed(props) };
    return new CoreHttpApi(this, 'Http', {
      tokenSecret: this.tokenSecret,
      throttlingRateLimit: props.apiRateLimit,
      throttlingBurstLimit: props.apiBurstLimit,
      alertTopic: props.alertTopic,
      functions: [
        {
          target: new EventFunction(this, 'CoreApi', {
            service: CoreApi,
            entry: 'lambda/handlers/core-api.ts',
            ...writes,
          }),
          routes: [
            'POST /projects',
            'PATCH /projects/{projectId}',
            'DELETE /projects/{projectId}',
            'GET /search',
            'POST /members',
            'PUT /members/{memberId}/role',
            'DELETE /members/{memberId}',
            'PUT /delivery-url',
            'DELETE /delivery-url',
          ],
        },
        {
          target: new EventFunction(this, 'ControlPlane', {
            service: ControlPlane,
            entry: 'lambda/handlers/control-plane.ts',
            ...writes,
          }),
          routes: [
            'POST /tenants',
            'GET /tenants/{tenantId}',
            'PUT /tenants/{tenantId}/plan',
            'PUT /tenants/{tenantId}/suspension',
            'DELETE /tenants/{tenantId}/suspension',
          ],
        },
        {
          target: new EventFunction(this, 'WebhookEndpoints', {
            service: Adapters,
            entry: 'lambda/handlers/webhook-endpoints.ts',
            database: props.database,
            ...alarmed(props),
          }),
          routes: ['POST /webhook-endpoints', 'DELETE /webhook-endpoints/{endpointId}'],
        },
        {
          target: new EventFunction(this, 'GitHubWebhook', {
            service: Adapters,
            entry: 'lambda/handlers/github-webhook.ts',
            memorySize: 1024,
            ...writes,
          }),
          routes: ['POST /webhooks/github/{endpointId}'],
          openBecause:
            'GitHub can send no token; the function verifies the HMAC signature of every request with the secret of its endpoint',
        },
      ],
    });
  }

  /** The key of the HTTP API's tokens, made by Secrets Manager and known to nobody. */
  #tokenSecret(): Secret {
    const secret = new Secret(this, 'TokenSecret', {
      description: 'Signs the tokens of the HTTP API',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
    });
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'Whoever issues tokens must change to a new key at the same moment, so the rotation is commanded and not scheduled',
    );
    return secret;
  }

  /** Runs the migrations on every change of theirs, before anything that needs the tables. */
  #migrateFirst(props: CoreStackProps): void {
    const migrate = new EventFunction(this, 'MigrateDatabase', {
      entry: 'lambda/handlers/migrate-database.ts',
      description: 'Applies the migrations of the core system',
      database: props.database,
      timeout: MIGRATION_TIMEOUT,
      ...alarmed(props),
    });
    const migration = new CustomResource(this, 'Migration', {
      serviceToken: migrate.function.functionArn,
      resourceType: 'Custom::DatabaseMigration',
      serviceTimeout: MIGRATION_TIMEOUT,
      properties: { schema: schemaFingerprint() },
    });
    // The functions' roles must be complete, not just there.
    migration.node.addDependency(migrate);
    for (const needs of [
      this.relay,
      this.http.stage,
      ...this.consumers.map((consumer) => consumer.eventSourceMapping),
    ]) {
      needs.node.addDependency(migration);
    }
  }
}

/** Changes when a migration is added. */
function schemaFingerprint(): string {
  return ['lambda/core/migrations', 'lambda/runtime/outbox/schema.ts', 'lambda/runtime/inbox/schema.ts']
    .map((path) => FileSystem.fingerprint(join(process.cwd(), path)))
    .join(' ');
}

function encrypted(props: CoreStackProps): { readonly encryptionKey?: IKey } {
  return props.encryptionKey === undefined ? {} : { encryptionKey: props.encryptionKey };
}

function alarmed(props: CoreStackProps): { readonly alertTopic?: ITopic } {
  return props.alertTopic === undefined ? {} : { alertTopic: props.alertTopic };
}

function common(props: CoreStackProps): { readonly encryptionKey?: IKey; readonly alertTopic?: ITopic } {
  return { ...encrypted(props), ...alarmed(props) };
}
