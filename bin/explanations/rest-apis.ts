/** Codes of the problem documents that the REST API of the jobs system answers by itself, before any function runs. */
import type { AreaExplanation } from './explanation.ts';

export const REST_API_EXPLANATIONS = {
  WAYBILL_AUTHORIZER_UNAVAILABLE: {
    what: 'The function that verifies tokens failed. Answered with 503.',
    why: 'Nobody is let in whose token could not be verified. Nothing was done.',
    fix: 'See the errors of the authorizer. Callers send the same request again, with the same Idempotency-Key.',
    example: 'retry-after: 5',
  },
  WAYBILL_BACKEND_UNAVAILABLE: {
    what: 'What stands behind the API did not answer at all. Answered with 503.',
    why: 'Nothing was done.',
    fix: 'Send the same request again later, with the same Idempotency-Key.',
    example: 'retry-after: 5',
  },
  WAYBILL_BODY_INVALID: {
    what: 'The body is no JSON, or does not match the model of the route. Answered with 400.',
    why: 'A job that can not be carried out must not be queued.',
    fix: 'The answer names what does not match. docs/openapi/jobs.json has the model.',
    example: '{ "model": "echo-small", "prompt": "A poem about rain" }',
  },
  WAYBILL_IDEMPOTENCY_KEY_INVALID: {
    what: 'The Idempotency-Key is empty, too long, or has characters that an id can not have. Answered with 400.',
    why: 'It becomes a part of the id of the job. No job was queued.',
    fix: 'Use 1 to 64 letters, digits, hyphens and underscores, such as a UUID.',
    example: 'Idempotency-Key: 0f8fad5b-d9cb-469f-a165-70867728950e',
  },
  WAYBILL_MEDIA_TYPE_UNSUPPORTED: {
    what: 'The body is of another content type than JSON. Answered with 415.',
    why: 'A body that is not looked at would be queued as it is.',
    fix: 'Send it as application/json.',
    example: 'curl -H "Content-Type: application/json" --data @job.json $JOBS_URL/jobs',
  },
  WAYBILL_PARAMETERS_INVALID: {
    what: 'A header or a parameter that the route needs is missing or wrong. Answered with 400.',
    why: 'Nothing was done.',
    fix: 'The answer names it.',
    example: 'GET /jobs?limit=20',
  },
  WAYBILL_PROMPT_TOO_LONG: {
    what: 'The prompt has more than 32,000 UTF-16 units, though not more characters. Answered with 400.',
    why: 'Characters outside the basic plane count twice, and the worker would refuse what the model lets through.',
    fix: 'Shorten the prompt.',
    example: 'prompt.length <= 32_000',
  },
  WAYBILL_QUEUE_BUSY: {
    what: 'SQS took no more messages at this moment. Answered with 503.',
    why: 'No job was queued.',
    fix: 'Send the same request again after Retry-After seconds, with the same Idempotency-Key.',
    example: 'retry-after: 1',
  },
  WAYBILL_QUEUE_REFUSED: {
    what: 'SQS refused the message of a job. Answered with 500.',
    why: 'No job was queued. The queue, its key or the role of the API is not what the template says.',
    fix: 'Compare the stack with its template: the role needs sqs:SendMessage on the queue and the use of its key.',
    example: 'cdk drift waybill-prod-jobs',
  },
  WAYBILL_QUEUE_UNAVAILABLE: {
    what: 'SQS failed or could not be reached. Answered with 503.',
    why: 'Whether the job was queued is not known.',
    fix: 'Send the same request again later, with the same Idempotency-Key.',
    example: 'retry-after: 5',
  },
  WAYBILL_QUOTA_EXCEEDED: {
    what: 'The quota of a usage plan is used up. Answered with 429.',
    why: 'Nothing was done.',
    fix: 'Wait until the quota begins anew, or raise it.',
    example: 'aws apigateway get-usage --usage-plan-id ...',
  },
  WAYBILL_REQUEST_ID_INVALID: {
    what: 'The caller chose the id of the request, and it is no UUID. Answered with 400.',
    why: 'It becomes the id of an event, which must be a UUID.',
    fix: 'Leave the header x-amzn-requestid out, or give a UUID.',
    example: 'curl -H "Authorization: Bearer $TOKEN" --data @job.json $JOBS_URL/jobs',
  },
  WAYBILL_REQUEST_INVALID: {
    what: 'API Gateway refused the request for a reason without a code of its own. Answered with 400.',
    why: 'Nothing was done.',
    fix: 'The answer says what is wrong.',
    example: 'apigateway/latest/developerguide/supported-gateway-response-types.html',
  },
  WAYBILL_REQUEST_TOO_LARGE: {
    what: 'The body is above the 10 MB that API Gateway takes. Answered with 413.',
    why: 'Nothing was done.',
    fix: 'Send less; the model of the body says what its fields may hold.',
    example: 'prompt.length <= 32_000',
  },
  WAYBILL_TIMED_OUT: {
    what: 'What stands behind the API took longer than API Gateway waits. Answered with 504.',
    why: 'Whether the request was carried out is not known.',
    fix: 'Send it again with the same Idempotency-Key: nothing happens twice.',
    example: 'Idempotency-Key: 0f8fad5b-d9cb-469f-a165-70867728950e',
  },
  WAYBILL_TOO_MANY_REQUESTS: {
    what: 'More requests came than the stage takes. Answered with 429.',
    why: 'Nothing was done.',
    fix: 'Send the same request again after Retry-After seconds; raise apiRateLimit where it happens in normal use.',
    example: 'retry-after: 1',
  },
} as const satisfies Record<string, AreaExplanation>;
