/** Connections: how EventBridge proves itself to HTTP endpoints. eventbridge/latest/userguide/eb-target-connection.html */
import { randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { serviceCaller } from '../context.ts';
import { call } from '../delivery/index.ts';
import { alreadyExists, limitExceeded, notFound, validationError } from './errors.ts';
import {
  checkName,
  type Input,
  list,
  optionalText,
  pageOf,
  record,
  requiredOneOf,
  requiredText,
} from './input.ts';
import { MAX_CONNECTIONS } from './limits.ts';

export type AuthorizationType = 'BASIC' | 'OAUTH_CLIENT_CREDENTIALS' | 'API_KEY';
const AUTHORIZATION_TYPES: readonly AuthorizationType[] = ['BASIC', 'OAUTH_CLIENT_CREDENTIALS', 'API_KEY'];

export interface Connection {
  readonly name: string;
  readonly arn: string;
  readonly secretArn: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly authorizedAt: number | undefined;
  readonly description: string | undefined;
  readonly kmsKeyIdentifier: string | undefined;
  readonly type: AuthorizationType;
  readonly state: 'AUTHORIZED' | 'DEAUTHORIZED';
  /** `AuthParameters` as given, secrets included. */
  readonly parameters: Input;
}

export interface Connections {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  find(arn: string): Connection | undefined;
}

const OAUTH_METHODS = ['GET', 'POST', 'PUT'] as const;

/** The member of `AuthParameters` that each type needs, and what that member must hold. */
const REQUIRED: Readonly<Record<AuthorizationType, readonly [member: string, ...names: string[]]>> = {
  BASIC: ['BasicAuthParameters', 'Username', 'Password'],
  API_KEY: ['ApiKeyAuthParameters', 'ApiKeyName', 'ApiKeyValue'],
  OAUTH_CLIENT_CREDENTIALS: ['OAuthParameters', 'AuthorizationEndpoint', 'HttpMethod'],
};

export function createConnections(context: AwsContext): Connections {
  const collection = context.state.collection<Connection>('events.connections');
  const connections = new Map(collection.entries());
  const save = (connection: Connection): Connection => {
    connections.set(connection.name, connection);
    collection.put(connection.name, connection);
    return connection;
  };
  const existing = (input: Input): Connection => {
    const name = requiredText(input, 'Name');
    const connection = connections.get(name);
    if (!connection)
      throw notFound(`Failed to describe the connection(s). Connection '${name}' does not exist.`);
    return connection;
  };

  /** AWS keeps the credentials in a secret of the account. */
  const keepSecret = async (name: string, parameters: Input): Promise<string> => {
    const secretName = `events!connection/${name}/${randomUUID()}`;
    const caller = serviceCaller(context, 'apidestinations.events.amazonaws.com', '');
    const input = { Name: secretName, SecretString: JSON.stringify(parameters) };
    const fallback = `arn:aws:secretsmanager:${context.region}:${context.accountId}:secret:${secretName}`;
    const answer = await call(context, 'secretsmanager', 'CreateSecret', input, caller).catch(
      () => undefined,
    );
    return optionalText(record(answer), 'ARN') ?? fallback;
  };

  const create = async (input: Input) => {
    const name = requiredText(input, 'Name');
    checkName(name, 'name', 64);
    const type = requiredOneOf(input, 'AuthorizationType', AUTHORIZATION_TYPES);
    const parameters = record(input['AuthParameters']);
    checkParameters(type, parameters);
    if (connections.has(name)) throw alreadyExists(`Connection ${name} already exists.`);
    if (connections.size >= MAX_CONNECTIONS) throw limitExceeded();
    const now = context.clock.now();
    const connection = save({
      name,
      arn: `arn:aws:events:${context.region}:${context.accountId}:connection/${name}/${randomUUID()}`,
      secretArn: '',
      createdAt: now,
      modifiedAt: now,
      authorizedAt: now,
      description: optionalText(input, 'Description'),
      kmsKeyIdentifier: optionalText(input, 'KmsKeyIdentifier'),
      type,
      state: 'AUTHORIZED',
      parameters,
    });
    save({ ...connection, secretArn: await keepSecret(name, parameters) });
    return changed(connection);
  };

  const update = (input: Input) => {
    const before = existing(input);
    const type = (optionalText(input, 'AuthorizationType') ?? before.type) as AuthorizationType;
    const given = input['AuthParameters'] === undefined ? {} : record(input['AuthParameters']);
    const parameters = merged(before.parameters, given);
    checkParameters(type, parameters);
    const now = context.clock.now();
    return changed(
      save({
        ...before,
        type,
        parameters,
        description: optionalText(input, 'Description') ?? before.description,
        state: 'AUTHORIZED',
        modifiedAt: now,
        authorizedAt: now,
      }),
    );
  };

  return {
    find: (arn) => [...connections.values()].find((one) => one.arn === arn),
    actions: {
      CreateConnection: create,
      UpdateConnection: update,
      DescribeConnection: (input) => describe(existing(input)),
      ListConnections(input) {
        const prefix = optionalText(input, 'NamePrefix') ?? '';
        const state = optionalText(input, 'ConnectionState');
        const all = [...connections.values()].filter(
          (one) => one.name.startsWith(prefix) && (state === undefined || one.state === state),
        );
        const { items, next } = pageOf(all, input);
        return { Connections: items.map(summary), ...next };
      },
      DeauthorizeConnection(input) {
        const connection = existing(input);
        const parameters = {};
        const now = context.clock.now();
        return changed(save({ ...connection, parameters, state: 'DEAUTHORIZED', modifiedAt: now }));
      },
      DeleteConnection(input) {
        const connection = existing(input);
        connections.delete(connection.name);
        collection.delete(connection.name);
        return { ...changed(connection), ConnectionState: 'DELETING' };
      },
    },
  };
}

function checkParameters(type: AuthorizationType, parameters: Input): void {
  const [member, ...names] = REQUIRED[type];
  const given = record(parameters[member]);
  for (const name of names) {
    if (optionalText(given, name) === undefined) {
      throw validationError(
        `1 validation error detected: Value null at 'authParameters.${lower(member)}.${lower(name)}' failed to satisfy constraint: Member must not be null`,
      );
    }
  }
  if (type !== 'OAUTH_CLIENT_CREDENTIALS') return;
  const client = record(given['ClientParameters']);
  if (!optionalText(client, 'ClientID') || !optionalText(client, 'ClientSecret')) {
    throw validationError(
      'Parameter ClientParameters is not valid. Reason: ClientID and ClientSecret are required.',
    );
  }
  requiredOneOf(given, 'HttpMethod', OAUTH_METHODS);
}

function lower(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Changed members over those that were there, one level deep: a new user name keeps the password. */
function merged(before: Input, given: Input): Input {
  const result: Record<string, unknown> = { ...before };
  for (const [member, value] of Object.entries(given)) {
    result[member] = { ...record(before[member]), ...record(value) };
  }
  return result;
}

function changed(connection: Connection) {
  return {
    ConnectionArn: connection.arn,
    ConnectionState: connection.state,
    CreationTime: connection.createdAt / 1_000,
    LastModifiedTime: connection.modifiedAt / 1_000,
    ...(connection.authorizedAt === undefined ? {} : { LastAuthorizedTime: connection.authorizedAt / 1_000 }),
  };
}

function summary(connection: Connection) {
  return { ...changed(connection), Name: connection.name, AuthorizationType: connection.type };
}

function describe(connection: Connection) {
  return {
    ...summary(connection),
    SecretArn: connection.secretArn,
    ...(connection.description === undefined ? {} : { Description: connection.description }),
    ...(connection.kmsKeyIdentifier === undefined ? {} : { KmsKeyIdentifier: connection.kmsKeyIdentifier }),
    AuthParameters: withoutSecrets(connection.parameters),
  };
}

const SECRET_MEMBERS: ReadonlySet<string> = new Set(['Password', 'ApiKeyValue', 'ClientSecret']);

/** What DescribeConnection shows: no passwords, keys and secret values. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(
    ([name]) => !SECRET_MEMBERS.has(name) && !(name === 'Value' && record(value)['IsValueSecret'] === true),
  );
  return Object.fromEntries(members.map(([name, member]) => [name, withoutSecrets(member)]));
}

/** The `{Key, Value}` lists of `InvocationHttpParameters` and `OAuthHttpParameters`. */
export function httpParameters(parameters: Input, member: string): readonly (readonly [string, string])[] {
  return list(parameters, member).map((one) => {
    const { Key: key, Value: value } = record(one);
    return [String(key), typeof value === 'string' ? value : ''] as const;
  });
}
