/** Where a deployed function publishes: the routes in its environment, each to a topic, a queue, a bus or a stream. */
import type { AnyEventContract } from '../../lib/contracts/index.ts';
import type { ClaimCheck } from './claim-check/claim.ts';
import { requiredVariable } from './environment.ts';
import type { Environment } from './environment.ts';
import { RuntimeError } from './errors.ts';
import { createPublisher } from './publisher.ts';
import { queueUrlOf } from './consumer/queue-url.ts';
import { customEventBusTransport, isCustomEventBus } from './transports/custom-event-bus.ts';
import { eventBridgeTransport } from './transports/event-bridge.ts';
import { kinesisTransport } from './transports/kinesis.ts';
import { snsTransport } from './transports/sns.ts';
import { sqsTransport } from './transports/sqs.ts';
import type { EncodedMessage, EventPublisher, PublishFailure, Transport } from './types.ts';

/** One entry of WAYBILL_PUBLISH_ROUTES. An event goes to every route that matches it. */
export interface PublishRoute {
  readonly source: string;
  /** ARN of an SNS topic, an SQS queue, an EventBridge bus of either type, a Kinesis stream or a Kafka topic. */
  readonly target: string;
  /** Event types. */
  readonly events: readonly string[];
}

/**
 * The transport to a target of one kind, undefined for a target of another kind. Kinds whose client is large are
 * given to `publisherFromEnvironment`, so that only who asks for them has the client in the bundle.
 */
export type TransportKind = (target: string) => Transport | undefined;

/**
 * A publisher for the routes in WAYBILL_PUBLISH_ROUTES, which the constructs set where a function may publish.
 * A relay that only passes encoded messages on (`send`) needs no contracts.
 *
 * @param kinds needed where a route leads to a Kafka topic: `kafkaTopics`
 * @param claimCheck moves the data of large events to S3: `s3ClaimCheck()`
 *
 * @example
 * const publisher = publisherFromEnvironment([ProjectCreated, ProjectArchived]);
 * const analytics = publisherFromEnvironment([ProductViewed], process.env, [kafkaTopics]);
 *
 * @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID, WAYBILL_TARGET_UNSUPPORTED
 */
export function publisherFromEnvironment<const Contract extends AnyEventContract>(
  contracts: readonly Contract[] = [],
  environment: Environment = process.env,
  kinds: readonly TransportKind[] = [],
  claimCheck?: Pick<ClaimCheck, 'storing'>,
): EventPublisher<Contract> {
  const routes = publishRoutes(environment);
  const transportOf = (target: string): Transport => {
    for (const kind of kinds) {
      const transport = kind(target);
      if (transport !== undefined) return transport;
    }
    return transportTo(target);
  };
  return createPublisher({
    contracts,
    transport: routingTransport(routes, transportOf),
    ...(claimCheck !== undefined && { claimCheck }),
  });
}

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID */
function publishRoutes(environment: Environment): PublishRoute[] {
  const text = requiredVariable(environment, 'WAYBILL_PUBLISH_ROUTES');
  let routes: unknown;
  try {
    routes = JSON.parse(text);
  } catch {
    routes = undefined;
  }
  if (!Array.isArray(routes) || !routes.every(isRoute)) {
    throw new RuntimeError(
      'WAYBILL_ENVIRONMENT_INVALID',
      'environment variable WAYBILL_PUBLISH_ROUTES must be JSON such as [{"source":"core-api","target":"arn:aws:sns:...","events":["ProjectCreated"]}]',
    );
  }
  return routes;
}

function isRoute(value: unknown): value is PublishRoute {
  const route = value as Partial<Record<keyof PublishRoute, unknown>> | null;
  return (
    typeof route?.source === 'string' &&
    typeof route.target === 'string' &&
    Array.isArray(route.events) &&
    route.events.every((name) => typeof name === 'string')
  );
}

/**
 * Sends each message to every route that matches its source and type. A message counts as sent when all its
 * targets accepted it; a retry then reaches all of them again, with the same eventId.
 */
export function routingTransport(
  routes: readonly PublishRoute[],
  transportOf: (target: string) => Transport,
): Transport {
  const targets = new Map(routes.map(({ target }) => [target, transportOf(target)]));
  const matching = new Map<string, ReadonlySet<string>>();
  for (const { source, target, events } of routes) {
    for (const eventType of events) {
      const key = `${source} ${eventType}`;
      matching.set(key, new Set([...(matching.get(key) ?? []), target]));
    }
  }

  return {
    async send(messages) {
      const failed = new Map<string, PublishFailure>();
      const byTarget = new Map<string, EncodedMessage[]>();
      for (const message of messages) {
        const found = matching.get(`${message.source} ${message.eventType}`);
        if (found === undefined) failed.set(message.eventId, notRouted(message, routes));
        for (const target of found ?? []) {
          byTarget.set(target, byTarget.get(target) ?? []);
          byTarget.get(target)!.push(message);
        }
      }
      const answers = await Promise.all(
        [...byTarget].map(([target, batch]) => targets.get(target)!.send(batch)),
      );
      for (const failure of answers.flatMap((answer) => answer.failed)) {
        const known = failed.get(failure.eventId);
        // Retrying helps only when it helps everywhere.
        if (known === undefined || known.retryable) failed.set(failure.eventId, failure);
      }
      return { failed: [...failed.values()] };
    },
  };
}

/** @throws RuntimeError WAYBILL_TARGET_UNSUPPORTED */
function transportTo(target: string): Transport {
  const [, , service, , , resource = ''] = target.split(':');
  if (service === 'sns') return snsTransport({ topicArn: target });
  if (service === 'sqs') return sqsTransport({ queueUrl: queueUrlOf(target, process.env) });
  if (isCustomEventBus(target)) return customEventBusTransport({ eventBusArn: target });
  if (service === 'events') return eventBridgeTransport({ eventBusName: target });
  if (service === 'kinesis' && resource.startsWith('stream/')) return kinesisTransport({ streamArn: target });
  throw new RuntimeError(
    'WAYBILL_TARGET_UNSUPPORTED',
    service === 'kafka'
      ? `'${target}' is a Kafka topic: give publisherFromEnvironment() the kind, publisherFromEnvironment(contracts, process.env, [kafkaTopics])`
      : `'${target}' is not the ARN of an SNS topic, an SQS queue, an EventBridge bus, a Kinesis stream or a Kafka topic: check WAYBILL_PUBLISH_ROUTES`,
  );
}

function notRouted(message: EncodedMessage, routes: readonly PublishRoute[]): PublishFailure {
  const known = routes.map(({ source, events }) => `${source}: ${events.join(', ')}`).join('; ') || 'none';
  return {
    eventId: message.eventId,
    code: 'WAYBILL_EVENT_NOT_ROUTED',
    message: `no route for ${message.eventType} from ${message.source} (routes: ${known}): add the event to \`publishes\` of its topic or bus and grant this function to publish`,
    retryable: false,
  };
}
