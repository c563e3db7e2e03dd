/** `POST /jobs` as its templates make it: what goes into the queue, what callers are answered, what breaks it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Template } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { AIJobRequested } from '../../../catalog/jobs/index.ts';
import { decode, parseEnvelope } from '../../../lib/contracts/index.ts';
import { EventFunction, EventQueue } from '../../../lib/constructs/index.ts';
import { requestRoute } from '../../../lib/stacks/jobs-requests.ts';
import { SystemRestApi } from '../../../lib/stacks/rest-api.ts';
import { encode } from '../../../lambda/runtime/encode.ts';
import { messageAttributes } from '../../../lambda/runtime/transports/message-attributes.ts';
import { AwsError } from '../../../local/aws/errors.ts';
import { ENTRY, testStack } from '../constructs/support.ts';
import { restApiUnderTest } from './rest-api-under-test.ts';
import type { Handler } from '../../local/aws/apigateway/gateway-under-test.ts';
import type { RestApiUnderTest } from './rest-api-under-test.ts';

const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:jobs';
const PREFIX = '0123456789abcdef';
const caller = { tenantId: 'acme', userId: 'usr_7f1c', role: 'member', jobIdPrefix: PREFIX };
const REQUEST = { model: 'echo-small', prompt: 'Say hello.' };
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
const BURST = 20;

let under: RestApiUnderTest;
let context: Record<string, string>;
let effect: 'Allow' | 'Deny';

function aTemplate() {
  const stack = testStack();
  const authorizer = new EventFunction(stack, 'Authorizer', { entry: ENTRY });
  const target = new EventFunction(stack, 'Reads', { entry: ENTRY });
  new SystemRestApi(stack, 'Http', {
    restApiName: 'jobs',
    description: 'Jobs',
    authorizer,
    functions: [{ target, routes: ['GET /jobs', 'GET /jobs/{jobId}'] }],
    queues: [requestRoute(new EventQueue(stack, 'Requests', { publishes: [AIJobRequested] }))],
    throttlingRateLimit: 10,
    throttlingBurstLimit: BURST,
    logRetention: RetentionDays.ONE_DAY,
  });
  return Template.fromStack(stack);
}

const template = aTemplate();

const authorize: Handler = (event) => {
  if (
    !String((event as unknown as { headers: Record<string, string> }).headers['authorization']).endsWith(
      'good',
    )
  )
    throw new Error('Unauthorized');
  return {
    principalId: PREFIX,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: '*' }],
    },
    context,
  };
};

beforeEach(async () => {
  context = caller;
  effect = 'Allow';
  under = await restApiUnderTest(template, 'jobs', authorize);
});
afterEach(() => under.close());

const post = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${under.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer good', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const sent = () => under.sqs.messages(QUEUE_ARN);

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = (await response.json()) as Record<string, unknown>;
  expect(Object.keys(problem)).toEqual(['type', 'title', 'status', 'code', 'detail', 'instance']);
  expect(problem['status']).toBe(response.status);
  expect(problem['type']).toBe(`urn:waybill:problem:${String(problem['code'])}`);
  expect(problem['instance']).toMatch(/^[\w-]{10,}$/);
  return problem;
}

async function refused(response: Response, status: number, code: string) {
  const problem = await problemOf(response);
  expect({ status: response.status, code: problem['code'] }).toEqual({ status, code });
  expect(sent()).toEqual([]);
  return String(problem['detail']);
}

describe('a request', () => {
  test('is in the queue as the runtime would have sent it, and is accepted with its id and where to look', async () => {
    const response = await post({ ...REQUEST, parameters: { maxTokens: 5, temperature: 0.25 } });

    expect(response.status).toBe(202);
    const answer = (await response.json()) as { jobId: string };
    expect(answer).toEqual({ jobId: expect.any(String), status: 'queued' });
    expect(response.headers.get('location')).toBe(`/v1/jobs/${answer.jobId}`);
    expect(response.headers.get('retry-after')).toBe('2');
    const [message, ...others] = sent();
    expect(others).toEqual([]);
    const envelope = parseEnvelope(message?.body ?? '');
    const now = under.clock.now();
    expect(answer.jobId).toBe(`${PREFIX}-${now}-${envelope.eventId}`);
    expect(envelope).toEqual({
      eventId: expect.stringMatching(UUID),
      eventType: 'AIJobRequested',
      eventVersion: '1.0',
      source: 'ai.jobs',
      timestamp: new Date(now).toISOString(),
      correlationId: envelope.eventId,
      causationId: null,
      tenantId: 'acme',
      data: {
        jobId: answer.jobId,
        userId: 'usr_7f1c',
        ...REQUEST,
        parameters: { maxTokens: 5, temperature: 0.25 },
      },
      metadata: { hopCount: 0 },
    });
    const { data } = await decode([AIJobRequested], envelope);
    expect(data).toEqual(envelope.data);
    expect(message?.messageAttributes).toEqual(messageAttributes(encode(AIJobRequested, envelope)));
    expect(message?.messageGroupId).toBe('acme');
  });

  test('whatever stands in the prompt and in the ids: quotes, references, directives, every script', async () => {
    const prompt = `it's "quoted" \\ / $util.x #set($a=1) #end \u0000\u2028 & = % + \t\n\r 日本 🚚 ' \\'`;
    context = { ...caller, userId: `o'neil "x" \\ é/🚚` };

    const response = await post({ ...REQUEST, prompt });

    expect(response.status).toBe(202);
    const { data } = await decode([AIJobRequested], parseEnvelope(sent()[0]?.body ?? ''));
    expect(data).toMatchObject({ prompt, userId: context['userId'] });
  });

  test('the largest prompts pass, counted as JavaScript counts', async () => {
    for (const prompt of ['x'.repeat(32_000), '\u0001'.repeat(32_000), '🚚'.repeat(16_000)]) {
      expect((await post({ ...REQUEST, prompt })).status).toBe(202);
    }
    for (const { body } of sent()) {
      expect(Buffer.byteLength(body)).toBeLessThan(256 * 1024);
      expect((await decode([AIJobRequested], parseEnvelope(body))).data.prompt.length).toBe(32_000);
    }
  });

  test('with the same Idempotency-Key has the same id, written in whatever letters', async () => {
    const ids = [];
    for (const name of ['Idempotency-Key', 'idempotency-key', 'IDEMPOTENCY-KEY']) {
      ids.push(((await (await post(REQUEST, { [name]: 'order_7-a' })).json()) as { jobId: string }).jobId);
    }

    expect(new Set(ids)).toEqual(new Set([`${PREFIX}-order_7-a`]));
    const eventIds = sent().map(({ body }) => parseEnvelope(body).eventId);
    expect(new Set(eventIds).size).toBe(3);
  });

  test('carries the trace of its caller, if it is one', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await post(REQUEST, { traceparent });
    await post(REQUEST, { traceparent: '00-"}}' });

    expect(sent().map(({ body }) => parseEnvelope(body).metadata)).toEqual([
      { hopCount: 0, traceparent },
      { hopCount: 0 },
    ]);
  });

  test('tenant and user are those of the token, whatever the body and the headers say', async () => {
    await refused(await post({ ...REQUEST, tenantId: 'evil', userId: 'evil' }), 400, 'WAYBILL_BODY_INVALID');
    await post(REQUEST, { tenantid: 'evil', 'x-tenant-id': 'evil', userid: 'evil' });

    expect(parseEnvelope(sent()[0]?.body ?? '')).toMatchObject({
      tenantId: 'acme',
      data: { userId: 'usr_7f1c' },
    });
  });
});

describe('refused, with nothing in the queue', () => {
  test.each([
    ['no JSON', '{"model":', /Correct the body/],
    ['no object', '[]', /Correct the body/],
    ['another model', { ...REQUEST, model: 'gpt' }, /enum/],
    ['no prompt', { model: 'echo-small' }, /prompt/],
    ['an empty prompt', { ...REQUEST, prompt: '' }, /too short/],
    ['a prompt that is too long', { ...REQUEST, prompt: 'x'.repeat(32_001) }, /too long/],
    ['a prompt that is no text', { ...REQUEST, prompt: 7 }, /type/],
    ['a field that is none of the model', { ...REQUEST, 'a\'"b': 1 }, /not allowed|additional|properties/],
    ['too many tokens', { ...REQUEST, parameters: { maxTokens: 8193 } }, /maxTokens|maximum|greater/],
    ['half a token', { ...REQUEST, parameters: { maxTokens: 1.5 } }, /type/],
    ['a hot temperature', { ...REQUEST, parameters: { temperature: 2.5 } }, /temperature|maximum|greater/],
    ['an unknown parameter', { ...REQUEST, parameters: { topP: 1 } }, /not allowed|additional|properties/],
  ])('%s', async (_what, body, detail) => {
    expect(await refused(await post(body), 400, 'WAYBILL_BODY_INVALID')).toMatch(detail);
  });

  test('a prompt of fewer characters than code units is too long for its readers, and so here', async () => {
    const prompt = '🚚'.repeat(16_001);

    const detail = await refused(await post({ ...REQUEST, prompt }), 400, 'WAYBILL_PROMPT_TOO_LONG');

    expect(detail).toContain('32000 UTF-16');
  });

  test.each(['', 'two words', 'ä', 'x'.repeat(65), "a'b", '"}'])('the Idempotency-Key %j', async (key) => {
    await refused(
      await post(REQUEST, { 'Idempotency-Key': encodeURI(key) }),
      400,
      'WAYBILL_IDEMPOTENCY_KEY_INVALID',
    );
  });

  test.each(['nonsense', '"},"tenantId":"evil"', '00000000-0000-0000-0000-000000000000'])(
    'the request id %s that the caller has chosen',
    async (id) => {
      await refused(await post(REQUEST, { 'x-amzn-RequestId': id }), 400, 'WAYBILL_REQUEST_ID_INVALID');
    },
  );

  test('another content type', async () => {
    await refused(
      await post(REQUEST, { 'content-type': 'text/plain' }),
      415,
      'WAYBILL_MEDIA_TYPE_UNSUPPORTED',
    );
  });

  test('more bytes than API Gateway takes', async () => {
    await refused(
      await post({ ...REQUEST, prompt: 'x'.repeat(10 * 1024 * 1024) }),
      413,
      'WAYBILL_REQUEST_TOO_LARGE',
    );
  });

  test('without a token, or with one that is no longer valid: 401, and how to authenticate', async () => {
    for (const headers of [{ authorization: '' }, { authorization: 'Bearer expired' }]) {
      const response = await post(REQUEST, headers);

      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      await refused(response, 401, 'WAYBILL_NOT_AUTHENTICATED');
    }
  });

  test('a token whose role has no jobs: 403', async () => {
    effect = 'Deny';

    await refused(await post(REQUEST), 403, 'WAYBILL_ROLE_NOT_ALLOWED');
  });

  test('a route that is none', async () => {
    const response = await fetch(`${under.url}/job`, { method: 'POST' });

    await refused(response, 404, 'WAYBILL_ROUTE_UNKNOWN');
  });

  test('one request too many: 429, and when to come again', async () => {
    const answers = [];
    for (let count = 0; count <= BURST; count += 1) answers.push(await post({}));

    const last = answers.at(-1)!;
    expect(last.headers.get('retry-after')).toBe('1');
    await refused(last, 429, 'WAYBILL_TOO_MANY_REQUESTS');
    expect(answers.slice(0, -1).every(({ status }) => status === 400)).toBe(true);
    await under.clock.advance(100);
    expect((await post(REQUEST)).status).toBe(202);
  });
});

describe('the queue', () => {
  const fails = (error: Error) => {
    (under.sqs as { handle: unknown }).handle = () => {
      throw error;
    };
  };

  test.each([
    [
      'is throttled',
      new AwsError('RequestThrottled', 'Request is throttled.', 403),
      503,
      'WAYBILL_QUEUE_BUSY',
    ],
    [
      'has a key that is throttled',
      new AwsError('KmsThrottled', 'x', 400, { queryCode: 'KMS.ThrottlingException' }),
      503,
      'WAYBILL_QUEUE_BUSY',
    ],
    [
      'lets nobody in',
      new AwsError('AccessDenied', 'Access to the resource is denied.', 403),
      500,
      'WAYBILL_QUEUE_REFUSED',
    ],
    [
      'is not there',
      new AwsError('QueueDoesNotExist', 'The specified queue does not exist.', 400),
      500,
      'WAYBILL_QUEUE_REFUSED',
    ],
    ['is down', new AwsError('ServiceUnavailable', 'x', 503), 503, 'WAYBILL_QUEUE_UNAVAILABLE'],
    ['failed', new AwsError('InternalFailure', 'x', 500), 503, 'WAYBILL_QUEUE_UNAVAILABLE'],
  ])(
    '%s: the caller is told that there is no job, and when to come again',
    async (_what, error, status, code) => {
      fails(error);

      const response = await post(REQUEST, { 'Idempotency-Key': 'k' });

      expect(response.headers.get('retry-after')).toBe('5');
      await refused(response, status, code);
    },
  );

  test('takes longer than the integration waits: 504, and whether there is a job is not known', async () => {
    await under.close();
    under = await restApiUnderTest(template, 'jobs', authorize, { timeoutInMillis: 50 });
    (under.sqs as { handle: unknown }).handle = () => new Promise(() => {});

    const response = await post(REQUEST, { 'Idempotency-Key': 'k' });

    expect(response.headers.get('retry-after')).toBe('5');
    expect(await refused(response, 504, 'WAYBILL_TIMED_OUT')).toContain('not known');
  });

  test('and what the caller did wrong is told all the same', async () => {
    fails(new AwsError('AccessDenied', 'x', 403));

    await refused(await post(REQUEST, { 'Idempotency-Key': 'a b' }), 400, 'WAYBILL_IDEMPOTENCY_KEY_INVALID');
  });
});
