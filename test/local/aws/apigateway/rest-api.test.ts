/** REST APIs: service integrations with mapping templates, validators, authorizers, proxies, gateway responses. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gatewayUnderTest, invocationUri, type GatewayUnderTest } from './gateway-under-test.ts';

let under: GatewayUnderTest;
let restApiId: string;
let root: string;
let url: string;

beforeEach(async () => {
  under = await gatewayUnderTest();
  const api = await under.call('CreateRestApi', { name: 'jobs' });
  [restApiId, root] = [api['id'] ?? '', api['rootResourceId'] ?? ''];
  url = `${under.gateway.urlOf(restApiId)}/prod`;
});
afterEach(() => under.close());

interface MethodOptions {
  readonly path?: string;
  readonly httpMethod?: string;
  readonly method?: Record<string, unknown>;
  readonly integration: Record<string, unknown>;
  readonly responses?: readonly Record<string, unknown>[];
}

/** Adds a method with its integration, and deploys. */
async function addMethod(options: MethodOptions): Promise<void> {
  const { path = 'jobs', httpMethod = 'POST', method = {}, integration, responses = [] } = options;
  let resourceId = root;
  let soFar = '';
  for (const pathPart of path.split('/')) {
    soFar += `/${pathPart}`;
    const { item } = (await under.call('GetResources', { restApiId })) as unknown as {
      item: { id: string; path: string }[];
    };
    const known = item.find((resource) => resource.path === soFar);
    resourceId =
      known?.id ??
      (await under.call('CreateResource', { restApiId, parentId: resourceId, pathPart }))['id'] ??
      '';
  }
  const key = { restApiId, resourceId, httpMethod };
  await under.call('PutMethod', { ...key, authorizationType: 'NONE', ...method });
  await under.call('PutIntegration', { integrationHttpMethod: 'POST', ...integration, ...key });
  for (const response of responses) await under.call('PutIntegrationResponse', { ...response, ...key });
  await under.call('CreateDeployment', { restApiId, stageName: 'prod' });
}

const post = (body: unknown, headers: Record<string, string> = {}, path = '/jobs') =>
  fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('a service integration with a queue', () => {
  const queueArn = 'arn:aws:sqs:us-east-1:000000000000:requests';
  const integration = {
    type: 'AWS',
    uri: 'arn:aws:apigateway:us-east-1:sqs:path/000000000000/requests',
    credentials: 'arn:aws:iam::000000000000:role/api',
    passthroughBehavior: 'NEVER',
    requestParameters: { 'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'" },
    requestTemplates: {
      'application/json':
        'Action=SendMessage&MessageBody=$util.urlEncode($input.body)' +
        '&MessageAttribute.1.Name=jobId&MessageAttribute.1.Value.DataType=String' +
        '&MessageAttribute.1.Value.StringValue=$context.requestId',
    },
  };
  const accepted = {
    statusCode: '202',
    responseTemplates: { 'application/json': '#set($root=$input.path("$"))\n{"jobId":"$context.requestId"}' },
    responseParameters: { 'method.response.header.Location': "'/jobs'" },
  };
  const refused = {
    statusCode: '503',
    selectionPattern: '[45]\\d\\d',
    responseTemplates: { 'application/json': '{"code":"$input.path(\'$.Error.Code\')"}' },
  };

  beforeEach(async () => {
    await under.sqs.handle('CreateQueue', { QueueName: 'requests' }, { accountId: '000000000000', arn: 'x' });
  });

  test('puts the body into the queue, untouched, without a function, and answers with the mapped response', async () => {
    await addMethod({ integration, responses: [accepted, refused] });
    const published: unknown[] = [];
    under.context.events.observe(
      ({ kind, resourceArn }) => kind === 'published' && published.push(resourceArn),
      ['apigateway'],
    );
    const body = JSON.stringify({ prompt: 'a cat & a dog = 100% "fun" + ünïcode \n' });

    const response = await post(body);

    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe('/jobs');
    const { jobId } = (await response.json()) as { jobId: string };
    expect(under.sqs.messages(queueArn)).toMatchObject([
      { body, messageAttributes: { jobId: { DataType: 'String', StringValue: jobId } } },
    ]);
    expect(published).toEqual([expect.stringContaining('/POST/')]);
  });

  test('an error of the queue chooses the response by its status, and is there for the template as JSON', async () => {
    await addMethod({
      integration: { ...integration, uri: 'arn:aws:apigateway:us-east-1:sqs:path/000000000000/missing' },
      responses: [accepted, refused],
    });

    const response = await post({});

    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ code: 'AWS.SimpleQueueService.NonExistentQueue' });
  });

  test('without an error response, the default one hides the error: as in AWS', async () => {
    await addMethod({
      integration: { ...integration, uri: 'arn:aws:apigateway:us-east-1:sqs:path/000000000000/missing' },
      responses: [accepted],
    });

    expect((await post({})).status).toBe(202);
  });

  test('a content type without a template is refused when passthrough is NEVER', async () => {
    await addMethod({ integration, responses: [accepted] });

    const response = await post('<a/>', { 'content-type': 'text/xml' });

    expect(response.status).toBe(415);
    expect(await response.json()).toEqual({ message: 'Unsupported Media Type' });
    expect(under.sqs.messages(queueArn)).toEqual([]);
  });
});

describe('a request validator', () => {
  beforeEach(async () => {
    const schema = {
      type: 'object',
      required: ['prompt'],
      properties: {
        prompt: { type: 'string', minLength: 1, maxLength: 5 },
        steps: { type: 'integer', minimum: 1 },
      },
      additionalProperties: false,
    };
    await under.call('CreateModel', { restApiId, name: 'Job', schema: JSON.stringify(schema) });
    const { id } = await under.call('CreateRequestValidator', {
      restApiId,
      name: 'all',
      validateRequestBody: true,
      validateRequestParameters: true,
    });
    await addMethod({
      method: {
        requestValidatorId: id,
        requestModels: { 'application/json': 'Job' },
        requestParameters: { 'method.request.header.Idempotency-Key': true },
      },
      integration: { type: 'MOCK', requestTemplates: { 'application/json': '{"statusCode": 200}' } },
      responses: [{ statusCode: '200' }],
    });
  });

  test.each([
    ['a valid body', { prompt: 'a', steps: 3 }, 200],
    ['a missing member', {}, 400],
    ['a wrong type', { prompt: 1 }, 400],
    ['too long a text', { prompt: 'abcdef' }, 400],
    ['too small a number', { prompt: 'a', steps: 0 }, 400],
    ['an unknown member', { prompt: 'a', tenantId: 'mine' }, 400],
    ['no JSON', 'prompt', 400],
  ])('%s', async (_name, body, status) => {
    const response = await post(body, { 'idempotency-key': 'k' });

    expect(response.status).toBe(status);
    if (status === 400) expect(await response.json()).toEqual({ message: 'Invalid request body' });
  });

  test('a missing parameter is named', async () => {
    const response = await post({ prompt: 'a' });

    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      message: 'Missing required request parameters: [Idempotency-Key]',
    });
  });

  test("the API's own gateway response replaces the built-in one", async () => {
    await under.call('PutGatewayResponse', {
      restApiId,
      responseType: 'BAD_REQUEST_BODY',
      statusCode: '422',
      responseTemplates: { 'application/json': '{"why":"$context.error.validationErrorString"}' },
      responseParameters: { 'gatewayresponse.header.Access-Control-Allow-Origin': "'*'" },
    });

    const response = await post({}, { 'idempotency-key': 'k' });

    expect(response.status).toBe(422);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toEqual({
      why: '[object has missing required properties (["prompt"])]',
    });
  });
});

describe('a Lambda proxy integration', () => {
  const proxy = (
    handler: (event: Record<string, never>) => unknown,
    path = 'jobs/{jobId}',
    httpMethod = 'ANY',
  ) =>
    addMethod({
      path,
      httpMethod,
      integration: { type: 'AWS_PROXY', uri: invocationUri(under.createFunction('proxy', handler)) },
    });

  test('the event has payload format 1.0; the answer becomes the response', async () => {
    await proxy((event) => ({ statusCode: 201, headers: { 'X-Own': 'yes' }, body: JSON.stringify(event) }));

    const response = await fetch(`${url}/jobs/a%20b?tag=x&tag=y`, { method: 'PUT', body: 'text' });

    expect(response.status).toBe(201);
    expect(response.headers.get('x-own')).toBe('yes');
    expect(await response.json()).toMatchObject({
      resource: '/jobs/{jobId}',
      path: '/jobs/a%20b',
      httpMethod: 'PUT',
      pathParameters: { jobId: 'a b' },
      queryStringParameters: { tag: 'y' },
      multiValueQueryStringParameters: { tag: ['x', 'y'] },
      requestContext: {
        stage: 'prod',
        resourcePath: '/jobs/{jobId}',
        apiId: restApiId,
        path: '/prod/jobs/a%20b',
      },
      body: 'text',
      isBase64Encoded: false,
    });
  });

  test.each([
    ['throws', () => Promise.reject(new Error('no'))],
    ['answers without a status', () => ({ body: 'x' })],
    ['answers with an object as body', () => ({ statusCode: 200, body: {} })],
    ['answers with a member that is none', () => ({ statusCode: 200, message: 'x' })],
  ])('a function that %s is a 502', async (_name, handler) => {
    await proxy(handler);

    const response = await fetch(`${url}/jobs/1`);

    expect(response.status).toBe(502);
    expect(await response.json()).toEqual({ message: 'Internal server error' });
  });

  test('the most literal path wins; one the API does not have is a 403, as in AWS', async () => {
    await proxy(() => ({ statusCode: 200, body: 'placeholder' }));
    await addMethod({
      path: 'jobs/count',
      httpMethod: 'GET',
      integration: {
        type: 'AWS_PROXY',
        uri: invocationUri(under.createFunction('count', () => ({ statusCode: 200, body: 'literal' }))),
      },
    });

    expect(await (await fetch(`${url}/jobs/count`)).text()).toBe('literal');
    expect(await (await fetch(`${url}/jobs/7`)).text()).toBe('placeholder');
    const missing = await fetch(`${url}/other`);
    expect([missing.status, await missing.json()]).toEqual([
      403,
      { message: 'Missing Authentication Token' },
    ]);
    expect((await fetch(`${under.gateway.urlOf(restApiId)}/dev/jobs/7`)).status).toBe(403);
  });

  test('one that takes longer than its time is a 504', async () => {
    const uri = invocationUri(under.createFunction('slow', () => new Promise(() => {})));
    await addMethod({ integration: { type: 'AWS_PROXY', uri, timeoutInMillis: 50 } });

    const response = await post({});

    expect([response.status, await response.json()]).toEqual([
      504,
      { message: 'Endpoint request timed out' },
    ]);
  });
});

describe('a Lambda authorizer', () => {
  const policy = (Effect: string, Resource: unknown) => ({
    principalId: 'user-1',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }],
    },
    context: { tenantId: 't-1', admin: true },
  });

  async function protect(
    handler: (event: { methodArn: string; authorizationToken: string }) => unknown,
    settings: Record<string, unknown> = {},
  ): Promise<void> {
    const { id } = await under.call('CreateAuthorizer', {
      restApiId,
      name: 'jwt',
      type: 'TOKEN',
      authorizerUri: invocationUri(under.createFunction('authorizer', handler as never)),
      identitySource: 'method.request.header.Authorization',
      ...settings,
    });
    for (const [path, httpMethod] of [
      ['jobs', 'POST'],
      ['other', 'POST'],
    ] as const) {
      await addMethod({
        path,
        httpMethod,
        method: { authorizationType: 'CUSTOM', authorizerId: id },
        integration: { type: 'MOCK', requestTemplates: { 'application/json': '{"statusCode": 200}' } },
        responses: [
          {
            statusCode: '200',
            responseTemplates: {
              'application/json':
                '"$context.authorizer.tenantId $context.authorizer.admin $context.authorizer.principalId"',
            },
          },
        ],
      });
    }
  }
  const as = (authorization: string, path = '/jobs') => post({}, { authorization }, path);

  test('lets in whom its policy allows; its context is there for templates, as texts', async () => {
    await protect(({ methodArn }) => policy('Allow', methodArn));

    const response = await as('Bearer x');

    expect([response.status, await response.json()]).toEqual([200, 't-1 true user-1']);
  });

  test.each([
    ['denies', () => policy('Deny', '*'), 403],
    ['allows something else', () => policy('Allow', 'arn:aws:execute-api:*:*:other/*'), 403],
    ['throws Unauthorized', () => Promise.reject(new Error('Unauthorized')), 401],
    ['throws anything else', () => Promise.reject(new Error('broken')), 500],
    ['answers without a policy', () => ({ principalId: 'x' }), 500],
    ['answers nothing', () => null, 500],
  ])('one that %s', async (_name, handler, status) => {
    await protect(handler);

    expect((await as('Bearer x')).status).toBe(status);
  });

  test('a request without the identity is a 401, and the function is not asked', async () => {
    let asked = 0;
    await protect(() => asked++);

    expect((await post({})).status).toBe(401);
    expect(asked).toBe(0);
  });

  test('its answer is kept for its time, and judged anew for each method: a narrow policy locks out the next one', async () => {
    let asked = 0;
    await protect(({ methodArn }) => {
      asked++;
      return policy('Allow', methodArn);
    });

    expect((await as('Bearer x')).status).toBe(200);
    expect((await as('Bearer x', '/other')).status).toBe(403);
    expect((await as('Bearer y')).status).toBe(200);
    expect(asked).toBe(2);
    await under.clock.advance(301_000);
    expect((await as('Bearer x', '/other')).status).toBe(200);
    expect(asked).toBe(3);
  });
});

test('templates: JSON paths, parameters, loops, literals and the tools of $util', async () => {
  const template = `#set($all = $input.path('$'))
{"statusCode": 200, "names": [#foreach($item in $all.items)"$item.name"#if($foreach.hasNext),#end#end],
 "first": $input.json('$.items[0]'), "who": "$input.params('who')", "size": $all.items.size(),
 "missing": "$input.path('$.none')$context.none", "empty": #if($input.path('$.none') == '')true#{else}false#end,
 "escaped": "$util.escapeJavaScript($all.quote)", "encoded": "$util.base64Encode('hi')", "header": "$input.params().header.get('x-a')"}`;
  await addMethod({
    integration: {
      type: 'AWS',
      uri: invocationUri(under.createFunction('mirror', (event) => event)),
      requestTemplates: { 'application/json': template },
    },
    responses: [{ statusCode: '200' }],
  });

  const response = await post(
    { items: [{ name: 'a' }, { name: 'b' }], quote: 'say "hi"' },
    { 'x-a': 'b' },
    '/jobs?who=me',
  );

  expect(await response.json()).toEqual({
    statusCode: 200,
    names: ['a', 'b'],
    first: { name: 'a' },
    who: 'me',
    size: 2,
    missing: '',
    empty: true,
    escaped: 'say "hi"',
    encoded: 'aGk=',
    header: 'b',
  });
});

test('a function without proxy chooses the response by its error message', async () => {
  await addMethod({
    integration: {
      type: 'AWS',
      uri: invocationUri(under.createFunction('fails', () => Promise.reject(new Error('NotFound: job 7')))),
    },
    responses: [
      { statusCode: '200' },
      {
        statusCode: '404',
        selectionPattern: 'NotFound.*',
        responseTemplates: { 'application/json': '{"gone": true}' },
      },
    ],
  });

  const response = await post({});

  expect([response.status, await response.json()]).toEqual([404, { gone: true }]);
});
