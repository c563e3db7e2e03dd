/**
 * The OpenAPI document of the jobs API: routes, body and refusals as the template has them, the rest from the contracts.
 * docs/openapi/jobs.json is made of it by `npm run openapi`.
 */
import {
  IDEMPOTENCY_KEY_MAX_LENGTH,
  JobError,
  JobModel,
  JobOutcome,
  JobResult,
} from '../../catalog/jobs/index.ts';
import { object, pathsOf, PROBLEM, ref, schemaOf } from './document.ts';
import type { Json } from './document.ts';
import { restApiOf } from './rest-api-of.ts';
import type { RestApiTemplate } from './rest-api-of.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly Json[];
  readonly success: { readonly status: string; readonly description: string; readonly schema: string };
  readonly headers?: readonly (keyof typeof HEADERS)[];
  /** By status: codes besides those of API Gateway itself. */
  readonly problems: Readonly<Record<string, readonly string[]>>;
}

const HEADERS = {
  Location: { description: 'Where the job is told of', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds until it makes sense to ask', schema: { type: 'integer' } },
} as const;

const JOB_ID_PARAMETER = {
  name: 'jobId',
  in: 'path',
  required: true,
  schema: { $ref: '#/components/schemas/JobId' },
};
const OF_FUNCTIONS = { 500: ['WAYBILL_INTERNAL'], 503: ['WAYBILL_JOBS_UNAVAILABLE'] } as const;
const MAX_LIMIT = 100;

/** What the template does not tell of each of its routes. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /jobs': {
    operationId: 'requestJob',
    summary: 'Ask for a job. The same user and Idempotency-Key is the same job.',
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        required: false,
        schema: { type: 'string', pattern: `^[A-Za-z0-9_-]{1,${IDEMPOTENCY_KEY_MAX_LENGTH}}$` },
      },
      {
        name: 'traceparent',
        in: 'header',
        required: false,
        description: 'W3C Trace Context',
        schema: { type: 'string' },
      },
    ],
    success: { status: '202', description: 'The job is in the queue.', schema: 'AcceptedJob' },
    headers: ['Location', 'Retry-After'],
    problems: {
      400: ['WAYBILL_IDEMPOTENCY_KEY_INVALID', 'WAYBILL_PROMPT_TOO_LONG', 'WAYBILL_REQUEST_ID_INVALID'],
      500: ['WAYBILL_QUEUE_REFUSED'],
      503: ['WAYBILL_QUEUE_BUSY', 'WAYBILL_QUEUE_UNAVAILABLE'],
    },
  },
  'GET /jobs': {
    operationId: 'listJobs',
    summary: "The caller's own jobs, newest first.",
    parameters: [
      {
        name: 'limit',
        in: 'query',
        required: false,
        schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: 20 },
      },
      { name: 'cursor', in: 'query', required: false, schema: { type: 'string' } },
      {
        name: 'status',
        in: 'query',
        required: false,
        schema: { $ref: '#/components/schemas/JobStatus' },
      },
    ],
    success: { status: '200', description: 'A page of jobs, without their results.', schema: 'JobPage' },
    problems: { 400: ['WAYBILL_QUERY_INVALID'], ...OF_FUNCTIONS },
  },
  'GET /jobs/{jobId}': {
    operationId: 'getJob',
    summary: 'How a job of the caller is, with its result when it has one.',
    parameters: [JOB_ID_PARAMETER],
    success: { status: '200', description: 'The job.', schema: 'Job' },
    headers: ['Retry-After'],
    problems: { 404: ['WAYBILL_NOT_FOUND'], ...OF_FUNCTIONS },
  },
  'DELETE /jobs/{jobId}': {
    operationId: 'cancelJob',
    summary: 'Cancel a job of the caller: at once while it waits, at its next beat while it runs.',
    parameters: [JOB_ID_PARAMETER],
    success: { status: '202', description: 'It is cancelled, or will be.', schema: 'Job' },
    headers: ['Retry-After'],
    problems: { 404: ['WAYBILL_NOT_FOUND'], 409: ['WAYBILL_JOB_ENDED'], ...OF_FUNCTIONS },
  },
};

/** @throws Error when the template has a route that is not described, or has one no longer */
export function jobsOpenApi(template: { readonly Resources?: object }): Json {
  const api = restApiOf(template);
  const described = Object.keys(OPERATIONS).toSorted();
  if (JSON.stringify(api.routes) !== JSON.stringify(described)) {
    throw new Error(
      `the template has the routes ${api.routes.join(', ')}, and lib/openapi/jobs.ts describes ${described.join(', ')}`,
    );
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Waybill jobs',
      version: api.stageName,
      description: 'Long-running work of a language model: ask for it, follow it, cancel it.',
    },
    servers: [
      {
        url: `https://{api}.execute-api.{region}.amazonaws.com/${api.stageName}`,
        variables: { api: { default: 'api' }, region: { default: 'us-east-1' } },
      },
    ],
    security: [{ token: [] }],
    paths: pathsOf(OPERATIONS, (route, operation) => operationOf(api, route, operation)),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: schemasOf(api),
    },
  };
}

function operationOf(api: RestApiTemplate, route: string, operation: Operation): Json {
  const { operationId, summary, parameters, success, headers = [], problems } = operation;
  const hasBody = api.models[route] !== undefined;
  const statuses = new Set([...api.gatewayProblems.keys(), ...Object.keys(problems)]);
  return {
    operationId,
    summary,
    parameters,
    ...(hasBody && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/JobRequest' } } },
      },
    }),
    responses: {
      [success.status]: {
        description: success.description,
        ...(headers.length > 0 && {
          headers: Object.fromEntries(headers.map((name) => [name, HEADERS[name]])),
        }),
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${success.schema}` } } },
      },
      ...Object.fromEntries(
        [...statuses].toSorted().map((status) => [
          status,
          {
            description: [...(problems[status] ?? []), ...(api.gatewayProblems.get(status) ?? [])]
              .toSorted()
              .join(', '),
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
    },
  };
}

function schemasOf({ models }: RestApiTemplate): Json {
  const time = { type: 'string', format: 'date-time' };
  const { $schema: _draft4, ...request } = models['POST /jobs'] as Json;
  return {
    JobRequest: request,
    JobId: { type: 'string', pattern: '^[0-9a-f]{16}-[A-Za-z0-9_-]{1,64}$' },
    JobStatus: { type: 'string', enum: ['queued', 'running', ...JobOutcome.options] },
    AcceptedJob: object({ jobId: ref('JobId'), status: { const: 'queued' } }),
    Job: {
      ...object({ jobId: ref('JobId'), status: ref('JobStatus') }),
      properties: {
        jobId: ref('JobId'),
        status: ref('JobStatus'),
        progress: { type: 'integer', minimum: 0, maximum: 100 },
        attempt: { type: 'integer', minimum: 0 },
        model: schemaOf(JobModel),
        cancelRequested: { type: 'boolean' },
        result: schemaOf(JobResult),
        error: schemaOf(JobError),
        conflicts: {
          type: 'integer',
          minimum: 1,
          description:
            'Other requests that came with the Idempotency-Key of this job. They were not carried out; send them with keys of their own.',
        },
        createdAt: time,
        updatedAt: time,
        startedAt: time,
        endedAt: time,
      },
    },
    JobPage: {
      type: 'object',
      required: ['items', 'nextCursor'],
      properties: {
        items: { type: 'array', items: ref('Job') },
        nextCursor: { type: ['string', 'null'] },
      },
    },
    Problem: PROBLEM,
  };
}
