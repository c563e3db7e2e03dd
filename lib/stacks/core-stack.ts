/** The core system: three services with a topic each, eight consumers with a queue each, one outbox, one HTTP API. */
import { CfnOutput } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import {
  Adapters,
  adaptersEvents,
  ControlPlane,
  controlPlaneEvents,
  CoreApi,
  coreApiEvents,
  deliveredEvents,
  entitlementEvents,
  insightEvents,
  integrationEvents,
  searchableEvents,
  TenantRegistered,
} from '../../catalog/index.ts';
import {
  acknowledge,
  ConsumerStacks,
  EventFunction,
  EventTopic,
  OutboxRelay,
  QueueConsumer,
} from '../constructs/index.ts';
import type { SubscriptionOptions, TopicEvents } from '../constructs/index.ts';
import { coreConfig } from '../config/index.ts';
import type { CoreConfig } from '../config/index.ts';
import type { AnyEventContract } from '../contracts/index.ts';
import { ConsumersStack } from './consumers-stack.ts';
import { SystemHttpApi } from './http-api.ts';
import { EnvironmentStack } from './environment-stack.ts';
import type { SystemStackProps } from './system-stack.ts';

/** The three topics, by service. */
interface Topics {
  readonly coreApi: EventTopic<(typeof coreApiEvents)[number]>;
  readonly adapters: EventTopic<(typeof adaptersEvents)[number]>;
  readonly controlPlane: EventTopic<(typeof controlPlaneEvents)[number]>;
}

/** For good: with another number the queues of consumers would change their stacks. Enough for a hundred consumers. */
const CONSUMER_PARTITIONS = 8;

/** Topics, relay and API. The consumers are in stacks of their own, by name, which come after it. */
export class CoreStack extends EnvironmentStack {
  readonly topics: Topics;
  readonly relay: OutboxRelay;
  readonly consumers: readonly QueueConsumer[];
  readonly consumerStacks: ConsumerStacks;
  readonly http: SystemHttpApi;
  readonly tokenSecret: Secret;

  readonly #shared: SystemStackProps;
  readonly #values: CoreConfig;

  constructor(scope: Construct, id: string, props: SystemStackProps) {
    super(scope, id, {
      config: props.config,
      description: 'core-api, adapters, control-plane',
    });
    this.#shared = props;
    this.#values = coreConfig(props.config.name);
    this.topics = this.#createTopics();
    this.relay = new OutboxRelay(this, 'Relay', {
      database: props.database,
      publishesTo: [
        this.topics.coreApi,
        this.topics.adapters,
        this.topics.controlPlane,
        props.bus.publishing(integrationEvents),
      ],
      encryptionKey: props.key,
      logRetention: this.logRetention,
    });
    this.tokenSecret = this.#createTokenSecret();
    this.consumerStacks = new ConsumerStacks(scope, `${id}Consumers`, {
      partitions: CONSUMER_PARTITIONS,
      createStack: (parent, stackId) => new ConsumersStack(parent, stackId, { ...props, system: 'core' }),
      dependsOn: [this],
    });
    this.consumers = this.#createConsumers();
    this.http = this.#createHttpApi();
    new CfnOutput(this, 'ApiUrl', { value: this.http.api.apiEndpoint, description: 'The HTTP API' });
    new CfnOutput(this, 'TokenSecretArn', {
      value: this.tokenSecret.secretArn,
      description: 'The secret whose text signs the tokens of the HTTP API',
    });
  }

  /** FIFO: what happened to one project, issue or tenant is told in the order in which it happened. */
  #createTopics(): Topics {
    const fifo = { fifo: true, encryptionKey: this.#shared.key } as const;
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

  #createConsumers(): QueueConsumer[] {
    const { coreApi, adapters, controlPlane } = this.topics;
    const premium = { tenants: this.#values.premiumTenants };
    const shared = {
      maxConcurrency: this.#values.consumerConcurrency,
      encryptionKey: this.#shared.key,
      logRetention: this.logRetention,
    };
    const at = (consumerName: string) => this.consumerStacks.stackOf(consumerName);
    const reads = { database: this.#shared.database, ...shared };
    const writes = { outbox: this.relay, ...shared };
    return [
      new QueueConsumer(at('audit-trail'), 'AuditTrail', {
        subscribesTo: [coreApi.events(), adapters.events(), controlPlane.events()],
        entry: 'lambda/handlers/audit-trail.ts',
        ...reads,
      }),
      new QueueConsumer(at('usage-metering'), 'UsageMetering', {
        subscribesTo: [coreApi.events(), adapters.events()],
        entry: 'lambda/handlers/usage-metering.ts',
        ...reads,
      }),
      new QueueConsumer(at('search-index'), 'SearchIndex', {
        subscribesTo: this.#subscriptions(searchableEvents),
        entry: 'lambda/handlers/search-index.ts',
        ...reads,
      }),
      new QueueConsumer(at('tenant-provisioning'), 'TenantProvisioning', {
        subscribesTo: [controlPlane.event(TenantRegistered)],
        entry: 'lambda/handlers/tenant-provisioning.ts',
        ...writes,
      }),
      new QueueConsumer(at('webhook-delivery'), 'WebhookDelivery', {
        subscribesTo: this.#subscriptions(deliveredEvents),
        entry: 'lambda/handlers/webhook-delivery.ts',
        ...writes,
      }),
      new QueueConsumer(at('entitlement-cache'), 'EntitlementCache', {
        subscribesTo: this.#subscriptions(entitlementEvents),
        entry: 'lambda/handlers/entitlement-cache.ts',
        ...reads,
      }),
      // Across services, and so over the bus: the control plane need not know the topic of adapters.
      new QueueConsumer(at('integration-registry'), 'IntegrationRegistry', {
        subscribesTo: integrationEvents.map((contract) => this.#shared.bus.event(contract)),
        entry: 'lambda/handlers/integration-registry.ts',
        ...writes,
      }),
      new QueueConsumer(at('delivery-insights'), 'DeliveryInsights', {
        subscribesTo: this.#subscriptions(insightEvents, premium),
        entry: 'lambda/handlers/delivery-insights.ts',
        ...reads,
      }),
    ];
  }

  /** Each event from the topic of the service that publishes it. */
  #subscriptions(events: readonly AnyEventContract[], options: SubscriptionOptions = {}): TopicEvents[] {
    const topics: readonly EventTopic[] = Object.values(this.topics);
    return topics.flatMap((topic) =>
      events
        .filter(({ source }) => source === topic.service.source)
        .map((contract) => topic.event(contract, options)),
    );
  }

  #createHttpApi(): SystemHttpApi {
    const { logRetention } = this;
    const writes = { outbox: this.relay, logRetention };
    return new SystemHttpApi(this, 'Http', {
      tokenSecret: this.tokenSecret,
      throttlingRateLimit: this.#values.apiRateLimit,
      throttlingBurstLimit: this.#values.apiBurstLimit,
      logRetention,
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
            database: this.#shared.database,
            logRetention,
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
  #createTokenSecret(): Secret {
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
}
