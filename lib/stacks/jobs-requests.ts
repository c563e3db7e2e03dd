/** `POST /jobs`: the model of its body, and what becomes of SQS's answers. */
import * as z from 'zod/mini';
import type { JsonSchema } from 'aws-cdk-lib/aws-apigateway';
import { AIJobInput } from '../../catalog/jobs/index.ts';
import type { EventQueue } from '../constructs/index.ts';
import {
  ACCEPTED_TEMPLATE,
  REFUSED_TEMPLATE,
  RETRY_AFTER_ACCEPTED,
  SEND_JOB_TEMPLATE,
} from './jobs-templates.ts';
import type { QueueRoute } from './rest-api.ts';
import { PROBLEM_CONTENT_TYPE, problemTemplate } from './rest-problems.ts';
import type { RestProblem } from './rest-problems.ts';

/** SQS failed, or cannot be reached. */
export const QUEUE_UNAVAILABLE: RestProblem = {
  status: 503,
  code: 'WAYBILL_QUEUE_UNAVAILABLE',
  title: 'The job was not accepted',
  detail:
    'The queue does not answer, and whether it has the job is not known. Send the same request again later, with the same Idempotency-Key.',
  headers: { 'Retry-After': '5' },
};

/** JSON Schema of draft 4, which is what API Gateway knows: from the contract, and with no property besides. */
export function jobInputSchema(): JsonSchema {
  const { $schema: _version, ...schema } = z.toJSONSchema(AIJobInput, { target: 'draft-4', io: 'input' });
  return closed(schema) as JsonSchema;
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  return members['type'] === 'object' ? { ...members, additionalProperties: false } : members;
}

export function requestRoute(queue: EventQueue): QueueRoute {
  return {
    route: 'POST /jobs',
    queue,
    model: { modelName: 'JobRequest', schema: jobInputSchema() },
    requestTemplate: SEND_JOB_TEMPLATE,
    responses: [
      {
        statusCode: '202',
        selectionPattern: '2\\d{2}',
        template: ACCEPTED_TEMPLATE,
        headers: { 'Retry-After': RETRY_AFTER_ACCEPTED },
      },
      {
        statusCode: '500',
        selectionPattern: '4\\d{2}',
        template: REFUSED_TEMPLATE,
        contentType: PROBLEM_CONTENT_TYPE,
      },
      {
        statusCode: '503',
        template: problemTemplate(QUEUE_UNAVAILABLE),
        contentType: PROBLEM_CONTENT_TYPE,
        ...(QUEUE_UNAVAILABLE.headers === undefined ? {} : { headers: QUEUE_UNAVAILABLE.headers }),
      },
    ],
  };
}
