/** ARNs as SNS checks them. */
import { invalidParameter } from './errors.ts';

/** Elements of an ARN, `arn:partition:service:region:account:resource`. */
const ARN_ELEMENTS = 6;

export interface Arn {
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  readonly resource: string;
}

/** Reads an ARN; `parameter` names the input member in the error. */
export function readArn(text: string | undefined, parameter: string): Arn {
  if (text === undefined || text === '') {
    throw invalidParameter(`${parameter} Reason: no value for required parameter`);
  }
  const elements = text.split(':');
  if (elements.length < ARN_ELEMENTS) {
    throw invalidParameter(
      `${parameter} Reason: An ARN must have at least ${ARN_ELEMENTS} elements, not ${elements.length}`,
    );
  }
  const [, , service = '', region = '', accountId = '', ...resource] = elements;
  return { service, region, accountId, resource: resource.join(':') };
}

/** True for the ARN of a resource of `service`, e.g. `isArnOf('sqs', endpoint)`. */
export function isArnOf(service: string, text: string): boolean {
  return new RegExp(`^arn:[a-z-]+:${service}:[a-z0-9-]+:\\d{12}:.+$`).test(text);
}
