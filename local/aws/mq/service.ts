/**
 * The embedded Amazon MQ for RabbitMQ: its API in front of brokers that speak AMQP on the loopback.
 * https://docs.aws.amazon.com/amazon-mq/latest/api-reference/
 */
import { randomUUID } from 'node:crypto';

import { actionNamed } from '../actions.ts';
import type { AuthorizationRequest, AwsContext, AwsService } from '../context.ts';
import { callService } from '../dispatch.ts';
import type { Input } from '../input.ts';
import type { RestRequest, RestRoute } from '../protocols/rest-json.ts';
import { badRequest, conflict, notFound, optionalText, requiredText, textList } from './errors.ts';
import { startEmbedded } from './running.ts';
import type { RabbitmqBroker, StartRabbitmq } from './running.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly mq: MqService;
  }
}

/** Amazon MQ as other code in this process uses it. */
export interface MqService extends AwsService {
  readonly name: 'mq';
  /** How brokers are started from now on. */
  startBrokersWith(startRabbitmq: StartRabbitmq): void;
  /** The running server of a broker, by id or ARN. @throws AwsError NotFoundException */
  server(broker: string): Promise<RabbitmqBroker>;
  /** `amqp://127.0.0.1:PORT`, where AWS has `amqps://...:5671`. */
  endpoint(broker: string): Promise<string>;
  /** What an administrator or a rotation does in the broker. */
  setPassword(broker: string, username: string, password: string): Promise<void>;
}

/** A broker as it is kept. */
interface Broker {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly username: string;
  readonly password: string;
  readonly createdAt: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly port?: number;
}

type Action = (input: Input) => unknown;

/** https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html, CreateBrokerInput and User. */
const NAME = /^[0-9A-Za-z._~-]{1,50}$/;
const PASSWORD = /^[^,:=]{12,250}$/;
const USERNAME = /^[0-9A-Za-z._~-]{2,100}$/;
const CHANGEABLE = [
  'autoMinorVersionUpgrade',
  'configuration',
  'engineVersion',
  'hostInstanceType',
  'logs',
  'maintenanceWindowStartTime',
  'securityGroups',
];
const FIXED = ['deploymentMode', 'encryptionOptions', 'publiclyAccessible', 'storageType', 'subnetIds'];

/** @param given how brokers are started. @default - an embedded RabbitMQ for each */
export function createMqService(context: AwsContext, given?: StartRabbitmq): MqService {
  const kept = context.state.collection<Broker>('mq.brokers');
  const brokers = new Map<string, Broker>(kept.entries());
  const running = new Map<string, Promise<RabbitmqBroker>>();
  let startRabbitmq: StartRabbitmq = given ?? startEmbedded;

  const save = (broker: Broker): Broker => {
    brokers.set(broker.id, broker);
    kept.put(broker.id, broker);
    return broker;
  };
  const find = (idOrArn: string): Broker | undefined =>
    brokers.get(idOrArn) ?? [...brokers.values()].find(({ arn }) => arn === idOrArn);
  const get = (idOrArn: string): Broker => {
    const broker = find(idOrArn);
    if (broker === undefined)
      throw notFound(`Can't find requested broker [${idOrArn}]. Make sure your broker exists.`);
    return broker;
  };
  const serverOf = (broker: Broker): Promise<RabbitmqBroker> => {
    const known = running.get(broker.id);
    if (known) return known;
    const { name, username, password, port } = broker;
    const starting = startRabbitmq({ name, user: { username, password }, port });
    running.set(broker.id, starting);
    starting.then(
      (server) => {
        if (brokers.has(broker.id)) save({ ...get(broker.id), port: server.port });
      },
      () => running.delete(broker.id),
    );
    return starting;
  };
  const stop = async (id: string): Promise<void> => {
    const server = await running.get(id)?.catch(() => undefined);
    running.delete(id);
    await server?.stop();
  };
  const endpointOf = async (broker: Broker): Promise<string> => {
    const { host, port } = await serverOf(broker);
    return `amqp://${host}:${port}`;
  };

  const create = async (input: Input) => {
    const wanted = readBroker(input);
    if ([...brokers.values()].some(({ name }) => name === wanted.name)) {
      throw conflict(`A broker with the name [${wanted.name}] already exists.`);
    }
    const id = `b-${randomUUID()}`;
    const arn = `arn:aws:mq:${context.region}:${context.accountId}:broker:${wanted.name}:${id}`;
    const broker = save({ ...wanted, id, arn, createdAt: context.clock.now() });
    try {
      await serverOf(broker);
    } catch (error) {
      brokers.delete(id);
      kept.delete(id);
      throw error;
    }
    return { brokerId: id, brokerArn: arn };
  };
  const setPassword = async (idOrArn: string, username: string, password: string): Promise<void> => {
    const broker = get(idOrArn);
    if (!PASSWORD.test(password)) throw badPassword();
    await (await serverOf(broker)).setPassword(username, password);
    if (username === broker.username) save({ ...get(broker.id), password });
  };

  const actions: Readonly<Record<string, Action>> = {
    CreateBroker: create,
    async DescribeBroker(input) {
      const broker = get(requiredText(input, 'brokerId'));
      return describe(broker, await endpointOf(broker));
    },
    ListBrokers: () => ({ brokerSummaries: [...brokers.values()].map(summary) }),
    UpdateBroker(input) {
      const broker = get(requiredText(input, 'brokerId'));
      const changes = Object.fromEntries(
        CHANGEABLE.filter((name) => name in input).map((name) => [name, input[name]]),
      );
      save({ ...broker, settings: { ...broker.settings, ...changes } });
      return { brokerId: broker.id, ...changes };
    },
    /** Connections break, and what the embedded RabbitMQ holds in memory is lost. */
    async RebootBroker(input) {
      const broker = get(requiredText(input, 'brokerId'));
      await stop(broker.id);
      await serverOf(get(broker.id));
      return {};
    },
    async DeleteBroker(input) {
      const broker = get(requiredText(input, 'brokerId'));
      brokers.delete(broker.id);
      kept.delete(broker.id);
      await stop(broker.id);
      return { brokerId: broker.id };
    },
    ListTags: (input) => ({ tags: get(requiredText(input, 'resourceArn')).tags }),
    CreateTags(input) {
      const broker = get(requiredText(input, 'resourceArn'));
      save({ ...broker, tags: { ...broker.tags, ...(input['tags'] as Record<string, string> | undefined) } });
      return {};
    },
    DeleteTags(input) {
      const broker = get(requiredText(input, 'resourceArn'));
      const removed = new Set(textList(input, 'tagKeys'));
      const left = Object.entries(broker.tags).filter(([key]) => !removed.has(key));
      save({ ...broker, tags: Object.fromEntries(left) });
      return {};
    },
  };
  for (const name of ['CreateUser', 'UpdateUser', 'DeleteUser', 'DescribeUser', 'ListUsers']) {
    Object.assign(actions, { [name]: refuseUsers });
  }

  // Brokers from before listen again: clients have their addresses. Once every service is there, and the caller had his
  // say in how brokers are started.
  const restoring = setImmediate(() => {
    for (const broker of brokers.values()) void serverOf(broker).catch(() => undefined);
  });

  const service: MqService = {
    name: 'mq',
    protocols: { routes: mqRoutes(context, () => service) },
    async handle(action, input) {
      return actionNamed(actions, 'mq', action)(input);
    },
    authorization: (action, input) => mqAuthorization(find, action, input),
    startBrokersWith: (start) => void (startRabbitmq = start),
    server: async (broker) => serverOf(get(broker)),
    endpoint: async (broker) => endpointOf(get(broker)),
    setPassword,
    async close() {
      clearImmediate(restoring);
      await Promise.all([...running.keys()].map(stop));
    },
  };
  return service;
}

function readBroker(input: Input): Omit<Broker, 'id' | 'arn' | 'createdAt'> {
  const name = requiredText(input, 'brokerName');
  if (!NAME.test(name)) throw badRequest(`The broker name [${name}] is not valid.`, 'brokerName');
  const engine = requiredText(input, 'engineType').toUpperCase();
  if (engine !== 'RABBITMQ') {
    throw badRequest(`The embedded AWS runs brokers of type RABBITMQ, not [${engine}].`, 'engineType');
  }
  const users = Array.isArray(input['users']) ? (input['users'] as readonly Input[]) : [];
  const [user] = users;
  if (user === undefined || users.length !== 1) {
    throw badRequest('A RabbitMQ broker is created with exactly one user.', 'users');
  }
  const username = requiredText(user, 'username');
  const password = requiredText(user, 'password');
  if (!USERNAME.test(username)) throw badRequest('The username is not valid.', 'username');
  if (!PASSWORD.test(password)) throw badPassword();
  const settings = Object.fromEntries(
    ['engineType', ...CHANGEABLE, ...FIXED].filter((key) => key in input).map((key) => [key, input[key]]),
  );
  const tags = (input['tags'] as Record<string, string> | undefined) ?? {};
  return { name, username, password, settings: { ...settings, engineType: 'RABBITMQ' }, tags };
}

function badPassword(): Error {
  return badRequest(
    'The password must have 12 to 250 characters and no commas, colons or equals signs.',
    'password',
  );
}

/** The management interface of the broker does it there. amazon-mq/latest/api-reference/brokers-broker-id-users.html */
function refuseUsers(): never {
  throw badRequest('Users of RabbitMQ brokers are managed in RabbitMQ, not by this API.', 'engineType');
}

function summary({ id, arn, name, createdAt, settings }: Broker) {
  return {
    brokerId: id,
    brokerArn: arn,
    brokerName: name,
    brokerState: 'RUNNING',
    created: new Date(createdAt).toISOString(),
    deploymentMode: settings['deploymentMode'],
    engineType: 'RABBITMQ',
    hostInstanceType: settings['hostInstanceType'],
  };
}

function describe(broker: Broker, endpoint: string) {
  const { hostname } = new URL(endpoint);
  return {
    ...broker.settings,
    ...summary(broker),
    brokerInstances: [{ endpoints: [endpoint], ipAddress: hostname }],
    tags: broker.tags,
    // RabbitMQ's users are not shown.
    users: [],
  };
}

const ROUTES: readonly (readonly [method: string, path: string, action: string])[] = [
  ['POST', '/v1/brokers', 'CreateBroker'],
  ['GET', '/v1/brokers', 'ListBrokers'],
  ['GET', '/v1/brokers/{brokerId}', 'DescribeBroker'],
  ['PUT', '/v1/brokers/{brokerId}', 'UpdateBroker'],
  ['DELETE', '/v1/brokers/{brokerId}', 'DeleteBroker'],
  ['POST', '/v1/brokers/{brokerId}/reboot', 'RebootBroker'],
  ['GET', '/v1/brokers/{brokerId}/users', 'ListUsers'],
  ['POST', '/v1/brokers/{brokerId}/users/{username}', 'CreateUser'],
  ['PUT', '/v1/brokers/{brokerId}/users/{username}', 'UpdateUser'],
  ['GET', '/v1/brokers/{brokerId}/users/{username}', 'DescribeUser'],
  ['DELETE', '/v1/brokers/{brokerId}/users/{username}', 'DeleteUser'],
];

function mqRoutes(context: AwsContext, service: () => MqService): readonly RestRoute[] {
  return ROUTES.map(([method, path, action]) => ({
    method,
    path,
    async handle(request) {
      const input = { ...bodyMembers(request), ...request.parameters };
      const output = await callService(context, service(), action, input, request.caller, request.signal);
      return { status: 200, body: output as object };
    },
  }));
}

function bodyMembers({ body }: RestRequest): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    throw badRequest('The body is not JSON.');
  }
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmq.html */
function mqAuthorization(
  find: (idOrArn: string) => Broker | undefined,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const named = optionalText(input, 'brokerId') ?? optionalText(input, 'resourceArn');
  const resourceArn = named === undefined ? '*' : (find(named)?.arn ?? '*');
  return [{ action: `mq:${action}`, resourceArn }];
}
