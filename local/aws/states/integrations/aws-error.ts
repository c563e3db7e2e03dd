/**
 * The name and cause that an error of a service has in a workflow: `SQS.QueueDoesNotExistException` from an optimized
 * integration, `Sqs.QueueDoesNotExistException` from an SDK one.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
import type { AwsError } from '../../errors.ts';
import { StateError } from '../language/state-error.ts';

/** How the two kinds of integration call a service; by its name in a resource. */
const PREFIXES: Readonly<Record<string, { readonly optimized?: string; readonly sdk: string }>> = {
  apigatewaymanagementapi: { sdk: 'ApiGatewayManagementApi' },
  cloudwatch: { sdk: 'CloudWatch' },
  cloudwatchlogs: { sdk: 'CloudWatchLogs' },
  dynamodb: { optimized: 'DynamoDB', sdk: 'DynamoDb' },
  eventbridge: { sdk: 'EventBridge' },
  events: { optimized: 'EventBridge', sdk: 'EventBridge' },
  lambda: { optimized: 'Lambda', sdk: 'Lambda' },
  secretsmanager: { sdk: 'SecretsManager' },
  sfn: { sdk: 'Sfn' },
  sns: { optimized: 'SNS', sdk: 'Sns' },
  sqs: { optimized: 'SQS', sdk: 'Sqs' },
  states: { optimized: 'StepFunctions', sdk: 'Sfn' },
};

/** Errors that the services' models do not list: an SDK has one class for all of them. */
const UNMODELED =
  /^(?:AccessDenied(?:Exception)?|Validation(?:Error|Exception)|Missing\w*|InvalidParameterValue|InvalidClientTokenId)$/;
/** Services whose model lists what elsewhere is common. */
const MODELED: Readonly<Record<string, RegExp>> = {
  cloudwatchlogs: /^AccessDeniedException$/,
  eventbridge: /^$/,
  sfn: /^ValidationException$/,
  scheduler: /^ValidationException$/,
};

export function workflowError(service: string, optimized: boolean, error: AwsError): StateError {
  const names = PREFIXES[service] ?? { sdk: capitalized(service) };
  const prefix = optimized ? (names.optimized ?? names.sdk) : names.sdk;
  const cause = `${error.message} (Service: ${prefix}, Status Code: ${error.httpStatus})`;
  if (service === 'lambda' && optimized && error.httpStatus >= 500) {
    return new StateError('Lambda.ServiceException', cause);
  }
  const unmodeled = UNMODELED.test(error.code) && !MODELED[service]?.test(error.code);
  if (unmodeled && service === 'lambda' && optimized)
    return new StateError('Lambda.AWSLambdaException', cause);
  if (unmodeled) return new StateError(`${prefix}.${optimized ? `Amazon${prefix}` : prefix}Exception`, cause);
  return new StateError(`${prefix}.${exceptionName(error.code)}`, cause);
}

/** The class that the Java SDK has for an error: without dots, and with `Exception` at its end. */
function exceptionName(code: string): string {
  const plain =
    code
      .split('.')
      .at(-1)
      ?.replaceAll(/[^A-Za-z0-9]/g, '') ?? '';
  return `${capitalized(plain.replace(/(?:Exception|Fault)$/, ''))}Exception`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
