/**
 * The mapping templates of `POST /jobs`: from a request to the message in the queue and to the answer, without a
 * function (docs/adr/0037). Each is one line, because what stands between directives is part of the text.
 *
 * What a template makes of a request:
 *
 * | request | message | answer |
 * |---|---|---|
 * | as its model wants it | the event, whole | 202 with the job's id |
 * | a request id that the caller chose and that is no UUID | none | 400 WAYBILL_REQUEST_ID_INVALID |
 * | an Idempotency-Key of other characters, empty or too long | none | 400 WAYBILL_IDEMPOTENCY_KEY_INVALID |
 * | a prompt above 32,000 UTF-16 units whose characters are fewer | none | 400 WAYBILL_PROMPT_TOO_LONG |
 *
 * A template can not refuse. It leaves the MessageBody out, which SQS refuses with MissingParameter, and the response's
 * template says why.
 */
import {
  AIJobRequested,
  IDEMPOTENCY_KEY_MAX_LENGTH,
  JOB_ID_PREFIX_LENGTH,
  PROMPT_MAX_LENGTH,
} from '../../catalog/jobs/index.ts';
import { PROBLEM_TYPE_PREFIX } from './rest-problems.ts';

/** As lib/contracts/uuid.ts. */
const UUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}';
const IDEMPOTENCY_KEY = `[A-Za-z0-9_-]{1,${IDEMPOTENCY_KEY_MAX_LENGTH}}`;
/** W3C Trace Context, version 00. */
const TRACEPARENT = '00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}';

/** Seconds until a caller should ask for the job. */
export const RETRY_AFTER_ACCEPTED = '2';
/** Seconds until a caller should send a job again that the queue did not take. */
const RETRY_AFTER_OUTAGE = '5';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Names of headers come as the caller wrote them, which over HTTP/2 is in small letters. */
const READ_HEADERS = [
  '#set($headers = $input.params().header)',
  '#set($keyGiven = false)',
  "#set($key = '')",
  "#set($traceparent = '')",
  '#foreach($name in $headers.keySet())',
  "#if($name.equalsIgnoreCase('Idempotency-Key'))#set($keyGiven = true)#set($key = $headers.get($name))#end",
  "#if($name.equalsIgnoreCase('traceparent'))#set($traceparent = $headers.get($name))#end",
  '#end',
  '#set($requestId = $context.requestId)',
  `#set($requestIdFits = $requestId.matches('${UUID}'))`,
  `#set($keyFits = $key.matches('${IDEMPOTENCY_KEY}'))`,
  '#if(!$keyGiven)#set($keyFits = true)#end',
].join('');

/** The caller's own key makes the id the same however often the request is sent. */
const MAKE_JOB_ID = [
  '#set($epoch = "$context.requestTimeEpoch")',
  '#set($prefix = $context.authorizer.jobIdPrefix)',
  '#if($keyGiven)#set($jobId = "${prefix}-${key}")#end',
  '#if(!$keyGiven)#set($jobId = "${prefix}-${epoch}-${requestId}")#end',
].join('');

/** `12/Mar/2026:19:03:58 +0000` and the milliseconds of the epoch to `2026-03-12T19:03:58.123Z`. */
const MAKE_TIMESTAMP = [
  '#set($time = $context.requestTime)',
  `#set($months = {${MONTHS.map((name, index) => `'${name}': '${String(index + 1).padStart(2, '0')}'`).join(', ')}})`,
  '#set($year = $time.substring(7, 11))',
  '#set($month = $months.get($time.substring(3, 6)))',
  '#set($day = $time.substring(0, 2))',
  '#set($clock = $time.substring(12, 20))',
  '#set($millis = $epoch.substring(10, 13))',
  '#set($timestamp = "${year}-${month}-${day}T${clock}.${millis}Z")',
].join('');

/** In JSON between quotation marks. What it makes of an apostrophe is none of JSON's: see the reference of $util. */
const asJsonText = (variable: string): string =>
  `$util.escapeJavaScript(${variable}).replaceAll("\\\\'", "'")`;

/** Encoded when it is written, or when it runs. */
const fixed = (text: string): string => encodeURIComponent(text);
const value = (expression: string): string => `$util.urlEncode(${expression})`;

/** The envelope, with the contract's name, version and source. */
const MESSAGE_BODY = [
  fixed('{"eventId":"'),
  value('$requestId'),
  fixed(
    `","eventType":"${AIJobRequested.name}","eventVersion":"${AIJobRequested.version}","source":"${AIJobRequested.source}","timestamp":"`,
  ),
  value('$timestamp'),
  fixed('","correlationId":"'),
  value('$requestId'),
  fixed('","causationId":null,"tenantId":"'),
  value('$tenantId'),
  fixed('","data":{"jobId":"'),
  value('$jobId'),
  fixed('","userId":"'),
  value('$userId'),
  fixed('","model":'),
  value("$input.json('$.model')"),
  fixed(',"prompt":'),
  value("$input.json('$.prompt')"),
  // A JSON path that leads nowhere gives an empty text.
  `#if($parameters.startsWith('{'))${fixed(',"parameters":')}${value('$parameters')}#end`,
  fixed('},"metadata":{"hopCount":0'),
  `#if($traceparent.matches('${TRACEPARENT}'))${fixed(',"traceparent":"')}${value('$traceparent')}${fixed('"')}#end`,
  fixed('}}'),
].join('');

/** The attributes of lambda/runtime/transports/message-attributes.ts. */
const MESSAGE_ATTRIBUTES = [
  ['eventType', AIJobRequested.name],
  ['eventVersion', AIJobRequested.version],
  ['tenantId', value('$context.authorizer.tenantId')],
  ['priority', AIJobRequested.priority],
]
  .map(
    ([name, text], index) =>
      `&MessageAttribute.${index + 1}.Name=${name}&MessageAttribute.${index + 1}.Value.DataType=String&MessageAttribute.${index + 1}.Value.StringValue=${text}`,
  )
  .join('');

/** `SendMessage` in SQS's Query protocol. The message group is the tenant, which makes the queue fair. */
export const SEND_JOB_TEMPLATE = [
  READ_HEADERS,
  MAKE_JOB_ID,
  MAKE_TIMESTAMP,
  `#set($tenantId = ${asJsonText('$context.authorizer.tenantId')})`,
  `#set($userId = ${asJsonText('$context.authorizer.userId')})`,
  "#set($parameters = $input.json('$.parameters'))",
  "#set($prompt = $input.path('$.prompt'))",
  'Action=SendMessage&Version=2012-11-05',
  `#if($requestIdFits && $keyFits && $prompt.length() <= ${PROMPT_MAX_LENGTH})`,
  `&MessageGroupId=${value('$context.authorizer.tenantId')}`,
  MESSAGE_ATTRIBUTES,
  `&MessageBody=${MESSAGE_BODY}`,
  '#end',
].join('');

/** The queue has it. `$context.path` is `/jobs` with the stage, or with the base path of a domain of one's own, before it. */
export const ACCEPTED_TEMPLATE = [
  READ_HEADERS,
  MAKE_JOB_ID,
  '#set($context.responseOverride.header.Location = "${context.path}/${jobId}")',
  '{"jobId":"$jobId","status":"queued"}',
].join('');

interface Refusal {
  readonly when: string;
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly retryAfter?: string;
}

/** Why SQS did not take it, in the order of asking: the last that holds is told. */
const REFUSALS: readonly Refusal[] = [
  {
    when: 'true',
    status: 500,
    code: 'WAYBILL_QUEUE_REFUSED',
    title: 'The job was not accepted',
    detail: 'The fault is ours, and the job does not exist. Send the same request again later.',
    retryAfter: RETRY_AFTER_OUTAGE,
  },
  {
    // RequestThrottled, ThrottlingException, KMS.ThrottlingException.
    when: "$input.body.contains('Throttl')",
    status: 503,
    code: 'WAYBILL_QUEUE_BUSY',
    title: 'The queue takes no more at the moment',
    detail: 'The job does not exist. Send the same request again after Retry-After seconds.',
    retryAfter: RETRY_AFTER_OUTAGE,
  },
  {
    when: "$input.body.contains('MissingParameter')",
    status: 400,
    code: 'WAYBILL_PROMPT_TOO_LONG',
    title: 'The prompt is too long',
    detail: `A prompt has at most ${PROMPT_MAX_LENGTH} UTF-16 code units; a character outside the basic plane counts as two.`,
  },
  {
    when: '!$keyFits',
    status: 400,
    code: 'WAYBILL_IDEMPOTENCY_KEY_INVALID',
    title: 'The Idempotency-Key is not valid',
    detail: `An Idempotency-Key is 1 to ${IDEMPOTENCY_KEY_MAX_LENGTH} letters, digits, hyphens and underscores.`,
  },
  {
    when: '!$requestIdFits',
    status: 400,
    code: 'WAYBILL_REQUEST_ID_INVALID',
    title: 'The request id is not valid',
    detail: 'Leave the header x-amzn-RequestId out, or send a UUID.',
  },
];

/** Of a 4xx of SQS. */
export const REFUSED_TEMPLATE = [
  READ_HEADERS,
  ...REFUSALS.map(({ when, status, code, title, detail, retryAfter = '' }) =>
    [
      `#if(${when})`,
      `#set($status = ${status})#set($code = '${code}')#set($title = '${title}')`,
      `#set($detail = '${detail}')#set($retryAfter = '${retryAfter}')`,
      '#end',
    ].join(''),
  ),
  '#set($context.responseOverride.status = $status)',
  "#if($retryAfter != '')#set($context.responseOverride.header.Retry-After = $retryAfter)#end",
  `{"type":"${PROBLEM_TYPE_PREFIX}$code","title":"$title","status":$status,"code":"$code","detail":"$detail","instance":"$context.extendedRequestId"}`,
].join('');

/** Length of the longest job id: prefix, hyphen, key; an epoch and a UUID are shorter. */
export const JOB_ID_MAX_LENGTH = JOB_ID_PREFIX_LENGTH + 1 + IDEMPOTENCY_KEY_MAX_LENGTH;
