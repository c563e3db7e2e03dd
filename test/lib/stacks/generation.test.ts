import { describe, expect, test } from '@jest/globals';
import { onlySystems } from '../../../lib/config/index.ts';
import { synthesize } from './synthesize.ts';
import type { Resource } from './synthesize.ts';
import { testSystem } from './system.ts';

testSystem('generation', {
  stacks: ['Generation'],
  resources: {
    'AWS::SQS::Queue': 12,
    'AWS::SNS::Topic': 2,
    'AWS::Lambda::Function': 14,
    'AWS::CloudWatch::Alarm': 77,
    'AWS::KMS::Key': 1,
    'AWS::DynamoDB::GlobalTable': 1,
    'AWS::SecretsManager::Secret': 3,
    'AWS::ApiGatewayV2::Api': 1,
    'AWS::ApiGateway::RestApi': 1,
    'AWS::Scheduler::Schedule': 2,
  },
  proofs: { publish: 9, delivery: 20, isolation: 50, privilege: 20, alarm: 80 },
  edges: [
    'publishes',
    'subscribes',
    'deadLetters',
    'consumes',
    'drains',
    'nudges',
    'invokes',
    'accesses',
    'pushes',
  ],
});

const { templates } = synthesize('prod', { systems: onlySystems(['generation']) });
const resources = Object.entries(templates['Generation']?.Resources ?? {});
const ofType = (type: string): (Resource & { readonly id: string })[] =>
  resources.filter(([, { Type }]) => Type === type).map(([id, resource]) => ({ id, ...resource }));

const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);

describe('the WebSocket API', () => {
  const policyOf = (name: string): string =>
    JSON.stringify(
      ofType('AWS::IAM::Policy')
        .filter(({ id }) => id.includes(name))
        .map(({ Properties }) => Properties?.['PolicyDocument']),
    );
  const [api] = ofType('AWS::ApiGatewayV2::Api').filter(
    ({ Properties }) => Properties?.['ProtocolType'] === 'WEBSOCKET',
  );
  const ofApi = (type: string) =>
    ofType(type).filter(
      ({ Properties }) => JSON.stringify(Properties?.['ApiId']) === JSON.stringify({ Ref: api?.id }),
    );

  test('has its five routes, and asks for a ticket at $connect', () => {
    const routes = ofApi('AWS::ApiGatewayV2::Route').map(({ Properties }) => [
      Properties?.['RouteKey'],
      Properties?.['AuthorizationType'],
    ]);

    expect(routes.toSorted(byText)).toEqual([
      ['$connect', 'CUSTOM'],
      ['$default', 'NONE'],
      ['$disconnect', 'NONE'],
      ['ping', 'NONE'],
      ['resume', 'NONE'],
    ]);
    expect(ofApi('AWS::ApiGatewayV2::Authorizer')).toMatchObject([
      {
        Properties: {
          AuthorizerType: 'REQUEST',
          IdentitySource: ['route.request.querystring.ticket'],
        },
      },
    ]);
  });

  test('throttles, and writes an access log without addresses and query strings', () => {
    const [stage] = ofApi('AWS::ApiGatewayV2::Stage');
    expect(stage?.Properties).toMatchObject({
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingBurstLimit: 5000, ThrottlingRateLimit: 5000 },
    });
    const settings = stage?.Properties?.['AccessLogSettings'] as { readonly Format: string } | undefined;
    const Format = settings?.Format;
    expect(Format).toContain('$context.routeKey');
    expect(Format).not.toMatch(
      /identity|sourceIp|userAgent|querystring|ticket|principalId|authorizer\.user/i,
    );
  });

  test('may be sent to by the three functions that have to, with the methods that they use', () => {
    for (const name of ['PushWebSocketConnect', 'PushWebSocketMessage', 'GenerationNotifier']) {
      const policy = policyOf(name);
      expect(policy).toContain('execute-api:ManageConnections');
      expect(policy).toContain('/live/POST/@connections/*');
      expect(policy).toContain('/live/DELETE/@connections/*');
      expect(policy).not.toContain('/live/GET/');
    }
    const others = ofType('AWS::IAM::Policy').filter(({ Properties }) =>
      JSON.stringify(Properties).includes('ManageConnections'),
    );
    expect(others).toHaveLength(3);
  });

  test('is watched: refusals, failures of API Gateway and of functions, and a rush of connections', () => {
    const watched = ofType('AWS::CloudWatch::Alarm').flatMap(({ id, Properties }) =>
      id.startsWith('PushWebSocket') && Properties?.['Namespace'] === 'AWS/ApiGateway'
        ? [Properties['MetricName']]
        : [],
    );
    expect(watched.toSorted(byText)).toEqual([
      'ClientError',
      'ConnectCount',
      'ExecutionError',
      'IntegrationError',
    ]);
  });

  test('secrets reach those that sign and verify, and nobody else', () => {
    const readers = (secret: string) =>
      ofType('AWS::IAM::Policy')
        .filter(({ Properties }) => JSON.stringify(Properties).includes(`"${secret}`))
        .map(({ id }) => id.replace(/(Handler)?RoleDefaultPolicy.*/, ''))
        .toSorted();

    expect(readers('PushTicketSecret')).toEqual(['PushTickets', 'PushWebSocketAuthorizer']);
    expect(readers('CallbackSecret')).toEqual(['GenerationStarter', 'ProviderCallback']);
    expect(readers('TokenSecret')).toEqual(['Authorizer']);
  });
});

describe('the HTTP API', () => {
  const methods = ofType('AWS::ApiGateway::Method');

  test('asks for a token on every route but that of the provider, which signs', () => {
    expect(
      methods.map(({ Properties }) => [Properties?.['HttpMethod'], Properties?.['AuthorizationType']]),
    ).toHaveLength(6);
    expect(
      methods
        .filter(({ Properties }) => Properties?.['AuthorizationType'] !== 'CUSTOM')
        .map(({ id }) => id.replace(/[0-9A-F]{8}$/, '')),
    ).toEqual(['RestApicallbacksproviderPOST']);
  });

  test('answers what it refuses itself as problem documents', () => {
    const types = ofType('AWS::ApiGateway::GatewayResponse').map(({ Properties }) => [
      Properties?.['ResponseType'],
      (Properties?.['ResponseParameters'] as Readonly<Record<string, unknown>> | undefined)?.[
        'gatewayresponse.header.Content-Type'
      ],
    ]);
    expect(types).toEqual(types.map(([type]) => [type, "'application/problem+json'"]));
    expect(types.map(([type]) => type)).toEqual(
      expect.arrayContaining(['UNAUTHORIZED', 'ACCESS_DENIED', 'MISSING_AUTHENTICATION_TOKEN', 'THROTTLED']),
    );
  });

  test('is for pages of other origins only where the environment names them', () => {
    expect(methods.filter(({ Properties }) => Properties?.['HttpMethod'] === 'OPTIONS')).toEqual([]);
    expect(JSON.stringify(resources)).not.toContain('Access-Control-Allow-Origin');
  });
});

test('the dashboard shows connects, messages and errors of the WebSocket API', () => {
  const dashboards = Object.values(templates['Observability']?.Resources ?? {}).filter(
    ({ Type }) => Type === 'AWS::CloudWatch::Dashboard',
  );
  const bodies = JSON.stringify(dashboards.map(({ Properties }) => Properties?.['DashboardBody']));

  expect(bodies).toContain('WebSocket API: connects, messages, errors');
  for (const metric of ['ConnectCount', 'MessageCount', 'IntegrationError']) expect(bodies).toContain(metric);
});
