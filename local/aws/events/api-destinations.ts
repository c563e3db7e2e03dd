/** API destinations: HTTP endpoints that rules send events to. eventbridge/latest/userguide/eb-api-destinations.html */
import { randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { atThisEndpoint } from '../former-endpoints.ts';
import type { Connections } from './connections.ts';
import { alreadyExists, limitExceeded, notFound, validationError } from './errors.ts';
import {
  checkName,
  type Input,
  optionalNumber,
  optionalText,
  pageOf,
  requiredOneOf,
  requiredText,
} from './input.ts';
import { DEFAULT_INVOCATION_RATE, MAX_API_DESTINATIONS } from './limits.ts';

const METHODS = ['POST', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'] as const;

export interface ApiDestination {
  readonly name: string;
  readonly arn: string;
  readonly connectionArn: string;
  readonly description: string | undefined;
  /** A URL; each `*` takes a path parameter of the target. */
  readonly endpoint: string;
  readonly method: (typeof METHODS)[number];
  /** Invocations per second. */
  readonly rate: number;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface ApiDestinations {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  find(arn: string): ApiDestination | undefined;
}

export function createApiDestinations(context: AwsContext, connections: Connections): ApiDestinations {
  const collection = context.state.collection<ApiDestination>('events.apiDestinations');
  const destinations = new Map(atThisEndpoint(context, collection.entries()));
  const save = (destination: ApiDestination): ApiDestination => {
    destinations.set(destination.name, destination);
    collection.put(destination.name, destination);
    return destination;
  };
  const existing = (input: Input): ApiDestination => {
    const name = requiredText(input, 'Name');
    const destination = destinations.get(name);
    if (!destination) {
      throw notFound(
        `Failed to describe the api-destination(s). An api-destination '${name}' does not exist.`,
      );
    }
    return destination;
  };
  const existingConnection = (arn: string): string => {
    if (!connections.find(arn)) throw notFound(`Connection '${arn.split('/')[1] ?? arn}' does not exist.`);
    return arn;
  };

  const stateOf = ({ connectionArn }: ApiDestination) =>
    connections.find(connectionArn)?.state === 'AUTHORIZED' ? 'ACTIVE' : 'INACTIVE';
  const changed = (destination: ApiDestination) => ({
    ApiDestinationArn: destination.arn,
    ApiDestinationState: stateOf(destination),
    CreationTime: destination.createdAt / 1_000,
    LastModifiedTime: destination.modifiedAt / 1_000,
  });
  const summary = (destination: ApiDestination) => ({
    ...changed(destination),
    Name: destination.name,
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: destination.endpoint,
    HttpMethod: destination.method,
    InvocationRateLimitPerSecond: destination.rate,
  });

  return {
    find: (arn) => [...destinations.values()].find((one) => one.arn === arn),
    actions: {
      CreateApiDestination(input) {
        const name = requiredText(input, 'Name');
        checkName(name, 'name', 64);
        const connectionArn = existingConnection(requiredText(input, 'ConnectionArn'));
        const endpoint = readEndpoint(requiredText(input, 'InvocationEndpoint'));
        const method = requiredOneOf(input, 'HttpMethod', METHODS);
        if (destinations.has(name)) throw alreadyExists(`An api-destination '${name}' already exists.`);
        if (destinations.size >= MAX_API_DESTINATIONS) throw limitExceeded();
        const now = context.clock.now();
        return changed(
          save({
            name,
            arn: `arn:aws:events:${context.region}:${context.accountId}:api-destination/${name}/${randomUUID()}`,
            connectionArn,
            description: optionalText(input, 'Description'),
            endpoint,
            method,
            rate: readRate(input) ?? DEFAULT_INVOCATION_RATE,
            createdAt: now,
            modifiedAt: now,
          }),
        );
      },
      UpdateApiDestination(input) {
        const before = existing(input);
        const connectionArn = optionalText(input, 'ConnectionArn');
        const endpoint = optionalText(input, 'InvocationEndpoint');
        return changed(
          save({
            ...before,
            connectionArn:
              connectionArn === undefined ? before.connectionArn : existingConnection(connectionArn),
            description: optionalText(input, 'Description') ?? before.description,
            endpoint: endpoint === undefined ? before.endpoint : readEndpoint(endpoint),
            method:
              input['HttpMethod'] === undefined ? before.method : requiredOneOf(input, 'HttpMethod', METHODS),
            rate: readRate(input) ?? before.rate,
            modifiedAt: context.clock.now(),
          }),
        );
      },
      DescribeApiDestination(input) {
        const destination = existing(input);
        const { description } = destination;
        return {
          ...summary(destination),
          ...(description === undefined ? {} : { Description: description }),
        };
      },
      ListApiDestinations(input) {
        const prefix = optionalText(input, 'NamePrefix') ?? '';
        const connectionArn = optionalText(input, 'ConnectionArn');
        const all = [...destinations.values()].filter(
          (one) =>
            one.name.startsWith(prefix) &&
            (connectionArn === undefined || one.connectionArn === connectionArn),
        );
        const { items, next } = pageOf(all, input);
        return { ApiDestinations: items.map(summary), ...next };
      },
      DeleteApiDestination(input) {
        const { name } = existing(input);
        destinations.delete(name);
        collection.delete(name);
        return {};
      },
    },
  };
}

function readRate(input: Input): number | undefined {
  const rate = optionalNumber(input, 'InvocationRateLimitPerSecond');
  if (rate !== undefined && (!Number.isInteger(rate) || rate < 1)) {
    throw validationError(
      `1 validation error detected: Value '${rate}' at 'invocationRateLimitPerSecond' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    );
  }
  return rate;
}

/** AWS insists on HTTPS; here a test's own server on this machine speaks HTTP. */
function readEndpoint(text: string): string {
  if (!/^https?:\/\/[^\s]+$/.test(text) || !URL.canParse(text)) {
    throw validationError('Parameter InvocationEndpoint is not valid. Reason: it must be an HTTPS URL.');
  }
  return text;
}
