/**
 * The OpenAPI document of the feedback API: routes as the template has them, bodies as the handlers check them.
 * docs/openapi/agents.json is made of it by `npm run openapi`.
 */
import {
  agentNames,
  AgentsId,
  FEEDBACK_TEXT_MAX_LENGTH,
  FeedbackCategory,
  FeedbackChannel,
  FeedbackLanguage,
  FeedbackPriority,
  SentimentLabel,
} from '../../catalog/agents/index.ts';
import { EndpointBody, FeedbackBody, METRICS_WINDOW, VoteBody } from '../../lambda/agents/api/commands.ts';
import { IDEMPOTENCY_KEY_PATTERN } from '../../lambda/http/ids.ts';
import { object, pathsOf, PROBLEM, ref, schemaOf } from './document.ts';
import type { Json } from './document.ts';
import { eventMetricsSchemas } from './event-metrics.ts';
import { httpRoutesOf } from './http-api-of.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Json[];
  /** Names of schemas. Without one, nothing is taken or answered. */
  readonly body?: string;
  readonly success: { readonly status: string; readonly description: string; readonly schema?: string };
  readonly headers?: Json;
  /** By status: codes besides those that every route has. */
  readonly problems: Readonly<Record<string, readonly string[]>>;
}

/** Of every route. */
const COMMON_PROBLEMS: Operation['problems'] = {
  401: ['WAYBILL_NOT_AUTHENTICATED'],
  403: ['WAYBILL_ROLE_NOT_ALLOWED'],
  500: ['WAYBILL_INTERNAL'],
  503: ['WAYBILL_DATABASE_UNAVAILABLE'],
};
/** Of every route that takes a body. */
const BODY_PROBLEMS: Operation['problems'] = {
  400: ['WAYBILL_BODY_NOT_JSON'],
  413: ['WAYBILL_BODY_TOO_LARGE'],
  415: ['WAYBILL_MEDIA_TYPE_UNSUPPORTED'],
  422: ['WAYBILL_COMMAND_INVALID'],
};
/**
 * What an HTTP API answers by itself, which is no problem document and can not be made one.
 * "Troubleshooting issues with HTTP API Lambda integrations", apigateway/latest/developerguide/http-api-troubleshooting-lambda.html.
 */
const GATEWAY_ANSWERS: Readonly<Record<string, string>> = {
  401: 'no Authorization header',
  403: 'the token is not accepted, or no longer',
  413: 'above 10 MB',
  429: 'more requests than the stage takes',
  500: 'the function failed',
  503: 'the function does not answer in time, or is throttled',
};
const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds until it makes sense to ask', schema: { type: 'integer' } },
};

const FEEDBACK_ID_PARAMETER = {
  name: 'feedbackId',
  in: 'path',
  required: true,
  schema: ref('FeedbackId'),
};
const IDEMPOTENCY_KEY_PARAMETER = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same user and key is the same feedback',
  schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN },
};

/** What the template does not tell of each of its routes. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /feedback': {
    operationId: 'giveFeedback',
    summary: 'Give feedback on a product.',
    parameters: [IDEMPOTENCY_KEY_PARAMETER],
    body: 'FeedbackRequest',
    success: {
      status: '202',
      description: 'It is in the record; agents work on it.',
      schema: 'AcceptedFeedback',
    },
    headers: { Location: { description: 'Where the feedback is told of', schema: { type: 'string' } } },
    problems: {
      400: ['WAYBILL_IDEMPOTENCY_KEY_INVALID'],
      422: ['WAYBILL_EVENT_DATA_INVALID', 'WAYBILL_IDEMPOTENCY_KEY_REUSED'],
    },
  },
  'POST /feedback/{feedbackId}/votes': {
    operationId: 'vote',
    summary: 'Vote for feedback, or against it. A person has one vote; the same one may be sent again.',
    parameters: [FEEDBACK_ID_PARAMETER],
    body: 'VoteRequest',
    success: { status: '202', description: 'The vote is in the record.', schema: 'AcceptedVote' },
    problems: { 404: ['WAYBILL_NOT_FOUND'], 409: ['WAYBILL_VOTE_CAST'], 422: ['WAYBILL_EVENT_DATA_INVALID'] },
  },
  'GET /feedback/{feedbackId}': {
    operationId: 'getFeedback',
    summary: 'Feedback of the tenant, with what the agents found out so far.',
    parameters: [FEEDBACK_ID_PARAMETER],
    success: { status: '200', description: 'The feedback.', schema: 'Feedback' },
    problems: { 404: ['WAYBILL_NOT_FOUND'] },
  },
  'GET /roadmap': {
    operationId: 'getRoadmap',
    summary: 'What is wanted of the products, the most wanted first.',
    parameters: [
      {
        name: 'productId',
        in: 'query',
        required: false,
        description: 'All products unless told',
        schema: schemaOf(AgentsId),
      },
    ],
    success: { status: '200', description: 'At most 500 items.', schema: 'Roadmap' },
    problems: { 400: ['WAYBILL_PRODUCT_INVALID'] },
  },
  'PUT /webhook-endpoint': {
    operationId: 'setWebhookEndpoint',
    summary: 'Admins: where priorities and duplicates are told. Each call makes a new secret.',
    body: 'WebhookEndpointRequest',
    success: { status: '200', description: 'The secret that signs deliveries.', schema: 'WebhookEndpoint' },
    problems: { 422: ['WAYBILL_DELIVERY_URL_REFUSED'] },
  },
  'DELETE /webhook-endpoint': {
    operationId: 'removeWebhookEndpoint',
    summary: 'Admins: nothing is told any more.',
    success: { status: '204', description: 'It is removed.' },
    problems: { 404: ['WAYBILL_NOT_FOUND'] },
  },
  'GET /events/metrics': {
    operationId: 'getEventMetrics',
    summary: 'Operators: figures of the event store, of each agent and of the database.',
    parameters: [
      {
        name: 'windowSeconds',
        in: 'query',
        required: false,
        description: 'Seconds until now that rates and latencies are of',
        schema: {
          type: 'integer',
          minimum: METRICS_WINDOW.min,
          maximum: METRICS_WINDOW.max,
          default: METRICS_WINDOW.default,
        },
      },
    ],
    success: { status: '200', description: 'What `waybill advise` reads.', schema: 'EventMetrics' },
    problems: { 400: ['WAYBILL_METRICS_WINDOW_INVALID'] },
  },
};

/** @throws Error when the template has a route that is not described, or has one no longer */
export function agentsOpenApi(template: { readonly Resources?: object }): Json {
  const routes = httpRoutesOf(template);
  const described = Object.keys(OPERATIONS).toSorted();
  if (JSON.stringify(routes) !== JSON.stringify(described)) {
    throw new Error(
      `the template has the routes ${routes.join(', ')}, and lib/openapi/agents.ts describes ${described.join(', ')}`,
    );
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Waybill feedback',
      version: '1.0',
      description: 'Feedback on products, and what eight agents find out about it.',
    },
    servers: [
      {
        url: 'https://{api}.execute-api.{region}.amazonaws.com',
        variables: { api: { default: 'api' }, region: { default: 'us-east-1' } },
      },
    ],
    security: [{ token: [] }],
    paths: pathsOf(OPERATIONS, (_route, operation) => operationOf(operation)),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: SCHEMAS,
    },
  };
}

function operationOf(operation: Operation): Json {
  const { operationId, summary, parameters = [], body, success, headers } = operation;
  const problems = [COMMON_PROBLEMS, body === undefined ? {} : BODY_PROBLEMS, operation.problems];
  const statuses = new Set([...problems, GATEWAY_ANSWERS].flatMap((one) => Object.keys(one)));
  return {
    operationId,
    summary,
    parameters,
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: ref(body) } } },
    }),
    responses: {
      [success.status]: {
        description: success.description,
        ...(headers !== undefined && { headers }),
        ...(success.schema !== undefined && {
          content: { 'application/json': { schema: ref(success.schema) } },
        }),
      },
      ...Object.fromEntries(
        [...statuses].toSorted().map((status) => [
          status,
          refusalOf(
            status,
            problems.flatMap((one) => one[status] ?? []),
          ),
        ]),
      ),
    },
  };
}

/** The handler's own refusals are problem documents, those of API Gateway are its messages. */
function refusalOf(status: string, codes: readonly string[]): Json {
  const gateway = GATEWAY_ANSWERS[status];
  return {
    description: [...codes.toSorted(), ...(gateway === undefined ? [] : [`API Gateway: ${gateway}`])].join(
      ', ',
    ),
    ...(codes.includes('WAYBILL_DATABASE_UNAVAILABLE') && { headers: RETRY_AFTER }),
    content: {
      ...(codes.length > 0 && { 'application/problem+json': { schema: ref('Problem') } }),
      ...(gateway !== undefined && { 'application/json': { schema: ref('GatewayMessage') } }),
    },
  };
}

const count = { type: 'integer', minimum: 0 };
const share = { type: 'number', minimum: 0, maximum: 1 };
const orNull = (schema: Json): Json => ({ oneOf: [schema, { type: 'null' }] });

const SCHEMAS: Json = {
  FeedbackId: schemaOf(AgentsId),
  FeedbackRequest: schemaOf(FeedbackBody, 'input'),
  VoteRequest: schemaOf(VoteBody, 'input'),
  WebhookEndpointRequest: schemaOf(EndpointBody, 'input'),
  AcceptedFeedback: object({ feedbackId: ref('FeedbackId') }),
  AcceptedVote: object({ feedbackId: ref('FeedbackId'), weight: { type: 'integer' } }),
  WebhookEndpoint: object({ secret: { type: 'string' } }),
  Feedback: {
    description: 'Null is what its agent has not found out yet, or what there is none of.',
    ...object({
      feedbackId: ref('FeedbackId'),
      productId: schemaOf(AgentsId),
      authorId: schemaOf(AgentsId),
      channel: schemaOf(FeedbackChannel),
      text: { type: 'string', minLength: 1, maxLength: FEEDBACK_TEXT_MAX_LENGTH },
      language: orNull(schemaOf(FeedbackLanguage)),
      receivedAt: { type: 'string', format: 'date-time' },
      votes: { type: 'number', description: 'The sum of their weights' },
      sentiment: orNull(
        object({ score: { type: 'number', minimum: -1, maximum: 1 }, label: schemaOf(SentimentLabel) }),
      ),
      category: orNull(object({ category: schemaOf(FeedbackCategory), confidence: share })),
      duplicateOf: orNull(object({ originalId: ref('FeedbackId'), similarity: share })),
      priority: orNull(
        object({
          priority: schemaOf(FeedbackPriority),
          reasons: { type: 'array', items: { type: 'string' } },
        }),
      ),
    }),
  },
  Roadmap: object({
    items: {
      type: 'array',
      items: object({
        productId: schemaOf(AgentsId),
        category: schemaOf(FeedbackCategory),
        feedbacks: count,
        votes: { type: 'number' },
        urgent: count,
        high: count,
        normal: count,
        low: count,
      }),
    },
  }),
  ...eventMetricsSchemas(agentNames),
  Problem: PROBLEM,
  GatewayMessage: object({ message: { type: 'string' } }),
};
