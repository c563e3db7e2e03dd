/**
 * The Resource of a Task: which service it calls, and how it waits.
 * https://docs.aws.amazon.com/step-functions/latest/dg/connect-supported-services.html
 */

/** How a Task waits for what it started. */
export type Pattern = 'requestResponse' | 'waitForTaskToken' | 'sync' | 'sync:2';

export type Resource =
  | { readonly kind: 'function'; readonly arn: string }
  | { readonly kind: 'activity'; readonly arn: string }
  | {
      /** An integration with a shape of its own: `sqs:sendMessage`. */
      readonly kind: 'optimized';
      readonly service: string;
      readonly action: string;
      readonly pattern: Pattern;
    }
  | {
      /** Any action of any service: `aws-sdk:sqs:getQueueUrl`. */
      readonly kind: 'sdk';
      readonly service: string;
      readonly action: string;
      readonly pattern: Pattern;
    };

/** The optimized integrations that run here, with the patterns each has. */
const OPTIMIZED: Readonly<Record<string, readonly Pattern[]>> = {
  'lambda:invoke': ['requestResponse', 'waitForTaskToken'],
  'sqs:sendMessage': ['requestResponse', 'waitForTaskToken'],
  'sns:publish': ['requestResponse', 'waitForTaskToken'],
  'events:putEvents': ['requestResponse', 'waitForTaskToken'],
  'dynamodb:getItem': ['requestResponse'],
  'dynamodb:putItem': ['requestResponse'],
  'dynamodb:updateItem': ['requestResponse'],
  'dynamodb:deleteItem': ['requestResponse'],
  'states:startExecution': ['requestResponse', 'waitForTaskToken', 'sync', 'sync:2'],
};

const INTEGRATION =
  /^arn:[a-z-]+:states:[a-z0-9-]*:[0-9]*:(aws-sdk:)?([a-z0-9]+):([A-Za-z0-9]+)(?:\.(waitForTaskToken|sync|sync:2))?$/;
const FUNCTION = /^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]+(?::[A-Za-z0-9-_$]+)?$/;
const ACTIVITY = /^arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:activity:.+$/;

/** Undefined when the text is no resource of a Task. */
export function parseResource(text: string): Resource | undefined {
  if (FUNCTION.test(text)) return { kind: 'function', arn: text };
  if (ACTIVITY.test(text)) return { kind: 'activity', arn: text };
  const [, sdk, service = '', action = '', pattern = 'requestResponse'] = INTEGRATION.exec(text) ?? [];
  if (service === '') return undefined;
  return { kind: sdk === undefined ? 'optimized' : 'sdk', service, action, pattern: pattern as Pattern };
}

/** Why a Task can't have this resource, if so. */
export function resourceProblem(
  resource: Resource | undefined,
  text: string,
  express: boolean,
): string | undefined {
  if (!resource) {
    return `The resource provided ${text} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`;
  }
  if (resource.kind === 'function') return undefined;
  if (resource.kind === 'activity') {
    return express ? 'Express state machine does not support Activity ARN.' : undefined;
  }
  const { pattern } = resource;
  if (express && pattern !== 'requestResponse') {
    return `Express state machine does not support '.${pattern}' service integration.`;
  }
  if (resource.kind === 'sdk') {
    return pattern === 'sync' || pattern === 'sync:2'
      ? `The resource provided ${text} is not recognized. AWS SDK integrations have no '.sync'.`
      : undefined;
  }
  const patterns = Object.hasOwn(OPTIMIZED, `${resource.service}:${resource.action}`)
    ? OPTIMIZED[`${resource.service}:${resource.action}`]
    : undefined;
  if (!patterns) {
    return `The embedded AWS has no integration ${resource.service}:${resource.action}. It has: ${Object.keys(OPTIMIZED).join(', ')}, and aws-sdk:service:action for every service that runs here.`;
  }
  return patterns.includes(pattern)
    ? undefined
    : `The resource provided ${text} is not recognized. ${resource.service}:${resource.action} has no '.${pattern}'.`;
}
