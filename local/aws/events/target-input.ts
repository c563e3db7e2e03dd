/** Reads a target of PutTargets and refuses what EventBridge refuses. */
import { validationError } from './errors.ts';
import { checkName, type Input, optionalNumber, optionalText, record } from './input.ts';
import { MAX_EVENT_AGE_SECONDS, MAX_RETRY_ATTEMPTS, MIN_EVENT_AGE_SECONDS } from './limits.ts';
import type { InputTransformer, Target } from './model.ts';
import { isPath, undefinedPlaceholder } from './transform.ts';

/** Paths of an input transformer. API_InputTransformer.html */
const MAX_INPUT_PATHS = 100;
const ARN = /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.+$/;

/** `index` is the target's place in the request, from 0; errors count from 1. */
export function readTarget(input: Input, index: number): Target {
  const id = optionalText(input, 'Id') ?? '';
  checkName(id, `targets.${index + 1}.member.id`, 64);
  const arn = optionalText(input, 'Arn') ?? '';
  if (!ARN.test(arn)) {
    throw validationError(`Parameter ${arn} is not valid. Reason: Provided Arn is not in correct format.`);
  }
  checkInputs(id, input);
  const messageGroupId = optionalText(record(input['SqsParameters']), 'MessageGroupId');
  if (arn.endsWith('.fifo') && arn.includes(':sqs:') && messageGroupId === undefined) {
    throw validationError(`Parameter(s) SqsParameters must be specified for target: ${id}.`);
  }
  checkRetryPolicy(index, record(input['RetryPolicy']));
  checkDeadLetterArn(optionalText(record(input['DeadLetterConfig']), 'Arn'));
  // Members we do not act on (EcsParameters, HttpParameters ...) are kept as they came.
  return { ...input, Id: id, Arn: arn };
}

function checkInputs(id: string, input: Input): void {
  const given = ['Input', 'InputPath', 'InputTransformer'].filter((name) => input[name] !== undefined);
  if (given.length > 1) {
    throw validationError(
      `Only one of Input, InputPath, or InputTransformer must be provided for target ${id}.`,
    );
  }
  const constant = optionalText(input, 'Input');
  if (constant !== undefined && !isJson(constant)) {
    throw validationError(`JSON syntax error in input for target ${id}.`);
  }
  const path = optionalText(input, 'InputPath');
  if (path !== undefined && !isPath(path)) {
    throw validationError(`Invalid InputPath for target ${id}.`);
  }
  if (input['InputTransformer'] !== undefined) checkTransformer(id, record(input['InputTransformer']));
}

function checkTransformer(id: string, input: Input): void {
  const template = optionalText(input, 'InputTemplate');
  if (template === undefined || template === '') {
    throw validationError(`InputTemplate must be specified for target ${id}.`);
  }
  const paths = record(input['InputPathsMap']) as Readonly<Record<string, string>>;
  if (Object.keys(paths).length > MAX_INPUT_PATHS) {
    throw validationError(`InputPathsMap for target ${id} has more than ${MAX_INPUT_PATHS} entries.`);
  }
  for (const [name, path] of Object.entries(paths)) {
    if (name.startsWith('AWS') || !isPath(path)) {
      throw validationError(`Invalid InputPath for target ${id}: ${name}.`);
    }
  }
  const transformer: InputTransformer = { InputPathsMap: paths, InputTemplate: template };
  const unknown = undefinedPlaceholder(transformer);
  if (unknown !== undefined) {
    throw validationError(`InputTemplate for target ${id} contains invalid placeholder ${unknown}.`);
  }
}

function checkRetryPolicy(index: number, policy: Input): void {
  const check = (name: string, from: number, to: number) => {
    const value = optionalNumber(policy, name);
    if (value === undefined || (Number.isInteger(value) && value >= from && value <= to)) return;
    const member = `targets.${index + 1}.member.retryPolicy.${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    const bound = value < from ? `greater than or equal to ${from}` : `less than or equal to ${to}`;
    throw validationError(
      `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must have value ${bound}`,
    );
  };
  check('MaximumRetryAttempts', 0, MAX_RETRY_ATTEMPTS);
  check('MaximumEventAgeInSeconds', MIN_EVENT_AGE_SECONDS, MAX_EVENT_AGE_SECONDS);
}

function checkDeadLetterArn(arn: string | undefined): void {
  if (arn === undefined) return;
  if (!/^arn:[a-z-]+:sqs:/.test(arn)) {
    throw validationError(`Parameter DeadLetterConfig.Arn is not valid. Reason: ${arn} is not an SQS queue.`);
  }
  if (arn.endsWith('.fifo')) {
    throw validationError(
      'Parameter DeadLetterConfig.Arn is not valid. Reason: it must be a standard queue.',
    );
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
