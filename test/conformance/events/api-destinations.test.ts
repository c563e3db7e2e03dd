/** Connections and API destinations: HTTP endpoints as targets. */
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DeauthorizeConnectionCommand,
  DeleteApiDestinationCommand,
  DeleteConnectionCommand,
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  type CreateApiDestinationCommandInput,
  type CreateConnectionCommandInput,
  type HttpParameters,
  type Target,
} from '@aws-sdk/client-eventbridge';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { httpEndpoint } from '../http-endpoint.ts';
import { API, bus, eventOf, GUIDE } from './rules.ts';

const behaviour = behavioursOf('events');
const DESTINATIONS = `${GUIDE}/eb-api-destinations.html`;
const CONNECTIONS = `${GUIDE}/eb-target-connection.html`;

/** Answers with the statuses given, then with 200; gives a token at `/token`. */
async function endpoint(aws: Conformance, ...statuses: number[]) {
  const { url, requests } = await httpEndpoint(aws, (request) =>
    request.url === '/token'
      ? [200, { access_token: 'the-token', expires_in: 3600 }]
      : (statuses.shift() ?? 200),
  );
  const received = (count: number) =>
    aws.eventually(() => {
      const calls = requests.filter((request) => request.url !== '/token');
      expect(calls).toHaveLength(count);
      return calls;
    });
  return { url, requests, received };
}

const API_KEY: Pick<CreateConnectionCommandInput, 'AuthorizationType' | 'AuthParameters'> = {
  AuthorizationType: 'API_KEY',
  AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'secret' } },
};

async function connection(aws: Conformance, input: Partial<CreateConnectionCommandInput> = {}) {
  const Name = aws.uniqueName('connection');
  const { ConnectionArn = '' } = await aws.events.send(
    new CreateConnectionCommand({
      Name,
      AuthorizationType: API_KEY.AuthorizationType,
      AuthParameters: API_KEY.AuthParameters,
      ...input,
    }),
  );
  aws.cleanup(() => aws.events.send(new DeleteConnectionCommand({ Name })));
  return { name: Name, arn: ConnectionArn };
}

async function destination(
  aws: Conformance,
  ConnectionArn: string,
  InvocationEndpoint: string,
  input: Partial<CreateApiDestinationCommandInput> = {},
) {
  const Name = aws.uniqueName('destination');
  const { ApiDestinationArn = '' } = await aws.events.send(
    new CreateApiDestinationCommand({
      Name,
      ConnectionArn,
      InvocationEndpoint,
      HttpMethod: 'POST',
      ...input,
    }),
  );
  aws.cleanup(() => aws.events.send(new DeleteApiDestinationCommand({ Name })));
  return { name: Name, arn: ApiDestinationArn };
}

/** A bus whose events of source `shop` go to the endpoint. */
async function routed(
  aws: Conformance,
  url: string,
  options: {
    readonly connection?: Partial<CreateConnectionCommandInput>;
    readonly destination?: Partial<CreateApiDestinationCommandInput>;
    readonly parameters?: HttpParameters;
    readonly target?: Partial<Target>;
  } = {},
) {
  const { arn } = await connection(aws, options.connection);
  const target = await destination(aws, arn, url, options.destination);
  const shop = await bus(aws);
  const RoleArn = `arn:aws:iam::${await aws.accountId()}:role/events`;
  const rule = await shop.rule();
  await rule.target({
    Arn: target.arn,
    RoleArn,
    ...(options.parameters ? { HttpParameters: options.parameters } : {}),
    ...options.target,
  });
  return { shop, rule };
}

behaviour('an endpoint gets the event with the headers of EventBridge', DESTINATIONS, async (aws) => {
  const { url, received } = await endpoint(aws);
  const { shop } = await routed(aws, `${url}/orders`);
  const id = await shop.put({ n: 1 });

  const [request] = await received(1);
  expect(request).toMatchObject({ method: 'POST', url: '/orders' });
  expect(request?.headers).toMatchObject({
    'user-agent': 'Amazon/EventBridge/ApiDestinations',
    'content-type': 'application/json; charset=utf-8',
    range: 'bytes=0-1048575',
    'x-api-key': 'secret',
  });
  expect(JSON.parse(request?.body ?? '{}')).toMatchObject({ id, detail: { n: 1 } });
});

behaviour('a connection with a user name sends basic authorization', CONNECTIONS, async (aws) => {
  const { url, received } = await endpoint(aws);
  const { shop } = await routed(aws, url, {
    connection: {
      AuthorizationType: 'BASIC',
      AuthParameters: { BasicAuthParameters: { Username: 'anna', Password: 'geheim' } },
    },
  });
  await shop.put();

  const [request] = await received(1);
  expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('anna:geheim').toString('base64')}`);
});

const oauth = (url: string): Partial<CreateConnectionCommandInput> => ({
  AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  AuthParameters: {
    OAuthParameters: {
      AuthorizationEndpoint: `${url}/token`,
      HttpMethod: 'POST',
      ClientParameters: { ClientID: 'client', ClientSecret: 'geheim' },
      OAuthHttpParameters: { BodyParameters: [{ Key: 'audience', Value: 'orders' }] },
    },
  },
});

behaviour('a connection with OAuth fetches a token and sends it', CONNECTIONS, async (aws) => {
  const { url, requests, received } = await endpoint(aws);
  const { shop } = await routed(aws, url, { connection: oauth(url) });
  await shop.put();
  await received(1);
  await shop.put();

  const calls = await received(2);
  expect(calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer the-token', 'Bearer the-token']);
  const tokens = requests.filter((request) => request.url === '/token');
  expect(tokens).toHaveLength(1);
  expect(Object.fromEntries(new URLSearchParams(tokens[0]?.body))).toMatchObject({
    client_id: 'client',
    client_secret: 'geheim',
    audience: 'orders',
  });
});

behaviour('a token is fetched anew after 401', DESTINATIONS, async (aws) => {
  const { url, requests, received } = await endpoint(aws, 401);
  const { shop } = await routed(aws, url, { connection: oauth(url) });
  await shop.put();
  await received(1);
  await aws.wait(2);

  await received(2);
  expect(requests.filter((request) => request.url === '/token')).toHaveLength(2);
});

behaviour(
  'a target fills path, query and headers, from the event too',
  `${API}/API_HttpParameters.html`,
  async (aws) => {
    const { url, received } = await endpoint(aws);
    const { shop } = await routed(aws, `${url}/users/*/orders/*`, {
      parameters: {
        PathParameterValues: ['$.detail.user', 'fixed'],
        QueryStringParameters: { total: '$.detail.total' },
        HeaderParameters: { 'x-source': '$.source' },
      },
    });
    await shop.put({ user: 'anna', total: 3 });

    const [request] = await received(1);
    expect(request?.url).toBe('/users/anna/orders/fixed?total=3');
    expect(request?.headers['x-source']).toBe('shop');
  },
);

behaviour(
  'a connection adds query, headers and body members',
  `${API}/API_ConnectionHttpParameters.html`,
  async (aws) => {
    const { url, received } = await endpoint(aws);
    const { shop } = await routed(aws, url, {
      connection: {
        AuthorizationType: API_KEY.AuthorizationType,
        AuthParameters: {
          ...API_KEY.AuthParameters,
          InvocationHttpParameters: {
            QueryStringParameters: [{ Key: 'tenant', Value: 't1' }],
            HeaderParameters: [{ Key: 'x-tenant', Value: 't1' }],
            BodyParameters: [{ Key: 'tenant', Value: 't1' }],
          },
        },
      },
    });
    await shop.put();

    const [request] = await received(1);
    expect(request?.url).toBe('/?tenant=t1');
    expect(request?.headers['x-tenant']).toBe('t1');
    expect(JSON.parse(request?.body ?? '{}')).toMatchObject({ source: 'shop', tenant: 't1' });
  },
);

for (const status of [429, 500, 503]) {
  behaviour(`status ${status} is tried again`, DESTINATIONS, async (aws) => {
    const { url, received } = await endpoint(aws, status);
    const { shop } = await routed(aws, url);
    await shop.put();
    await received(1);
    await aws.wait(2);

    await received(2);
  });
}

for (const status of [302, 400, 404]) {
  behaviour(`status ${status} is not tried again but dead-lettered`, DESTINATIONS, async (aws) => {
    const { url, received } = await endpoint(aws, status);
    const dead = await aws.queue();
    const { shop, rule } = await routed(aws, url, { target: { DeadLetterConfig: { Arn: dead.arn } } });
    await aws.allow(dead, 'events.amazonaws.com', rule.arn);
    const id = await shop.put();

    const [letter] = await dead.receive(1);
    expect(eventOf(letter).id).toBe(id);
    await received(1);
  });
}

behaviour('retries end as the retry policy says', `${GUIDE}/eb-rule-retry-policy.html`, async (aws) => {
  const { url, received } = await endpoint(aws, 500, 500, 500, 500);
  const dead = await aws.queue();
  const { shop, rule } = await routed(aws, url, {
    target: { RetryPolicy: { MaximumRetryAttempts: 1 }, DeadLetterConfig: { Arn: dead.arn } },
  });
  await aws.allow(dead, 'events.amazonaws.com', rule.arn);
  await shop.put();
  await received(1);
  await aws.wait(10);

  await received(2);
  const [letter] = await dead.receive(1);
  expect(letter?.MessageAttributes).toMatchObject({
    RETRY_ATTEMPTS: { StringValue: '1' },
    EXHAUSTED_RETRY_CONDITION: { StringValue: 'MaximumRetryAttempts' },
  });
});

behaviour('a connection shows no secrets', `${API}/API_DescribeConnection.html`, async (aws) => {
  const { name } = await connection(aws);
  const described = await aws.events.send(new DescribeConnectionCommand({ Name: name }));

  expect(described.AuthParameters?.ApiKeyAuthParameters).toEqual({ ApiKeyName: 'x-api-key' });
  expect(described.SecretArn).toContain(':secret:events!connection/');
  expect(JSON.stringify(described)).not.toContain('"secret"');
});

behaviour(
  'a connection needs the parameters of its type',
  `${API}/API_CreateConnection.html`,
  async (aws) => {
    await refused(
      aws.events.send(
        new CreateConnectionCommand({
          Name: aws.uniqueName(),
          AuthorizationType: 'BASIC',
          AuthParameters: API_KEY.AuthParameters,
        }),
      ),
      'ValidationException',
    );
  },
);

behaviour(
  'an API destination needs a connection that exists',
  `${API}/API_CreateApiDestination.html`,
  async (aws) => {
    const arn = `arn:aws:events:${aws.region}:${await aws.accountId()}:connection/none/11111111-2222-3333-4444-555555555555`;

    await refused(destination(aws, arn, 'https://example.com'), 'ResourceNotFoundException');
  },
);

behaviour('an API destination describes itself', `${API}/API_DescribeApiDestination.html`, async (aws) => {
  const { arn } = await connection(aws);
  const { name } = await destination(aws, arn, 'https://example.com/*', { InvocationRateLimitPerSecond: 5 });

  expect(await aws.events.send(new DescribeApiDestinationCommand({ Name: name }))).toMatchObject({
    Name: name,
    ConnectionArn: arn,
    InvocationEndpoint: 'https://example.com/*',
    HttpMethod: 'POST',
    InvocationRateLimitPerSecond: 5,
    ApiDestinationState: 'ACTIVE',
  });
});

behaviour(
  'a connection that is deauthorized makes its destinations inactive',
  `${API}/API_DeauthorizeConnection.html`,
  async (aws) => {
    const made = await connection(aws);
    const { name } = await destination(aws, made.arn, 'https://example.com');
    const { ConnectionState } = await aws.events.send(new DeauthorizeConnectionCommand({ Name: made.name }));

    expect(ConnectionState).toMatch(/^DEAUTHORIZ/);
    await aws.eventually(async () => {
      const described = await aws.events.send(new DescribeApiDestinationCommand({ Name: name }));
      expect(described.ApiDestinationState).toBe('INACTIVE');
    });
  },
);
