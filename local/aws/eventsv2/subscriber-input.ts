/** Reads a subscriber from a request and refuses what EventBridge refuses before it stores one. */
import type { AwsContext } from '../context.ts';
import { isRecord } from '../json.ts';
import { invalidInput } from './errors.ts';
import { checkedExpression } from './expressions.ts';
import { readFilters } from './filters.ts';
import { type Input, oneOf, optionalText, record, requiredText, wholeNumber } from './input.ts';
import { EVENT_AGE_SECONDS, RETRY_ATTEMPTS } from './limits.ts';
import type { SubscriberSettings, Transformer } from './model.ts';

/** Target services and the parameters that belong to them. */
const PARAMETERS: Readonly<Record<string, string>> = {
  sqs: 'SqsParameters',
  sns: 'SnsParameters',
  lambda: 'LambdaParameters',
};
const ALL_PARAMETERS = [
  ...Object.values(PARAMETERS),
  'KinesisParameters',
  'StepFunctionsParameters',
  'HttpParameters',
  'UniversalTargetParameters',
  'EventBusV2Parameters',
];

/** What a request says, over what the subscriber has; a new one has nothing. */
export function readSettings(
  context: AwsContext,
  input: Input,
  targetArn: string,
  before?: SubscriberSettings,
): SubscriberSettings {
  const given = (name: string): Input | undefined =>
    input[name] === undefined || input[name] === null ? undefined : record(input[name]);
  const invoke = given('InvokeConfiguration') ?? before?.invoke ?? {};
  checkInvocation(invoke, targetArn);
  const retry = given('RetryPolicy');
  oneOf(retry ?? {}, 'RetryStrategy', ['ALL'], undefined);
  const number = (
    name: string,
    { min, max, default: absent }: typeof RETRY_ATTEMPTS | typeof EVENT_AGE_SECONDS,
  ) => wholeNumber(retry ?? {}, name, min, max, absent as number);
  const { accountId } = context;
  const roleArn = requiredText(invoke, 'RoleArn');
  if (roleArn.split(':')[4] !== accountId) {
    throw invalidInput(`InvokeConfiguration.RoleArn must belong to account ${accountId}.`);
  }
  const filter = given('FilterConfiguration');
  const clears = filter !== undefined && before !== undefined && Object.keys(filter).length === 0;
  return {
    description: optionalText(input, 'Description') ?? before?.description,
    filters: filter === undefined ? (before?.filters ?? []) : clears ? [] : readFilters(filter),
    invoke,
    roleArn,
    transformer: readTransformer(given('Transformer')) ?? before?.transformer ?? { type: 'RAW' },
    batch: readBatch(given('BatchConfiguration')) ?? before?.batch ?? {},
    maxRetryAttempts:
      retry === undefined && before ? before.maxRetryAttempts : number('MaxRetryAttempts', RETRY_ATTEMPTS),
    maxEventAgeSeconds:
      retry === undefined && before
        ? before.maxEventAgeSeconds
        : number('MaxEventAgeInSeconds', EVENT_AGE_SECONDS),
    onFailureArn: readOnFailure(given('OnFailureConfiguration')) ?? before?.onFailureArn,
    log: given('LogConfiguration') ?? before?.log ?? {},
  };
}

/** `sqs`, `sns`, `lambda`. @throws AwsError for a target of another account, Region or kind */
export function checkTarget(context: AwsContext, targetArn: string, busArn: string): void {
  const [scheme, partition, service = '', region, account] = targetArn.split(':');
  const fails = (what: string) => invalidInput(`InvokeConfiguration.TargetArn: ${what}`);
  if (scheme !== 'arn') throw fails('TargetArn is not an ARN');
  if (targetArn === busArn) throw fails("TargetArn must not reference the subscriber's own event bus");
  if (PARAMETERS[service] === undefined) {
    throw fails(
      `the embedded AWS delivers to SQS, SNS and Lambda, not to ${service === '' ? 'this' : service}`,
    );
  }
  if (partition !== 'aws') throw fails('TargetArn must be in partition aws');
  if (region !== context.region) throw fails(`TargetArn must be in region ${context.region}`);
  if (account !== context.accountId) {
    throw invalidInput(
      `Target resource account (${account}) must match the subscriber account (${context.accountId})`,
    );
  }
}

function checkInvocation(invoke: Input, targetArn: string): void {
  const expected = PARAMETERS[targetArn.split(':')[2] ?? ''];
  const foreign = ALL_PARAMETERS.find((name) => name !== expected && invoke[name] !== undefined);
  if (foreign !== undefined) {
    throw invalidInput(`${foreign} is not supported for target ${targetArn}. Expected ${expected}`);
  }
  const parameters = expected === undefined ? {} : record(invoke[expected]);
  checkExpressions(parameters, `InvokeConfiguration.${expected}`);
  oneOf(parameters, 'InvocationType', ['EVENT', 'REQUEST_RESPONSE'], undefined);
}

function checkExpressions(value: unknown, where: string): void {
  if (typeof value === 'string') checkedExpression(value, where);
  if (!isRecord(value)) return;
  for (const [name, member] of Object.entries(value)) {
    checkedExpression(name, where);
    checkExpressions(member, `${where}.${name}`);
  }
}

function readTransformer(input: Input | undefined): Transformer | undefined {
  if (input === undefined) return undefined;
  const type = oneOf(input, 'Type', ['RAW', 'WITH_METADATA', 'JSONATA'], 'RAW');
  if (type !== 'JSONATA') return { type };
  const text = requiredText(record(input['JsonataConfiguration']), 'Expression');
  const expression = checkedExpression(text, 'Transformer.JsonataConfiguration.Expression');
  if (expression === undefined) {
    throw invalidInput('Transformer.JsonataConfiguration.Expression must be enclosed in {% and %}.');
  }
  return { type, expression };
}

function readBatch(input: Input | undefined): Input | undefined {
  if (input === undefined) return undefined;
  wholeNumber(input, 'MaxBatchSize', 1, 500, undefined);
  wholeNumber(input, 'MaxBatchWindowInSeconds', 0, 300, undefined);
  return input;
}

function readOnFailure(input: Input | undefined): string | undefined {
  const arn = optionalText(input ?? {}, 'Arn');
  if (arn !== undefined && !/^arn:[a-z-]+:sqs:/.test(arn)) {
    throw invalidInput(`OnFailureConfiguration.Arn: ${arn} is not an Amazon SQS queue.`);
  }
  return arn;
}
