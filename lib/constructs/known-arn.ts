/** ARNs that another account or Region can be told: CloudFormation has no reference from one to another. */
import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ValidationError } from './errors.ts';

export interface KnownArnOptions {
  readonly prop: string;
  /** What is referred to, and where it is. */
  readonly what: string;
  /** How to name it. */
  readonly fix: string;
}

/**
 * Gives the ARN as the stack of `scope` can use it.
 *
 * @throws ValidationError WAYBILL_PHYSICAL_NAME_MISSING where the name is made up at deployment
 */
export function requireKnownArn(scope: IConstruct, arn: string, options: KnownArnOptions): string {
  const { known, cause } = isKnownIn(scope, arn);
  if (known) return arn;
  throw new ValidationError(
    scope,
    [
      {
        code: 'WAYBILL_PHYSICAL_NAME_MISSING',
        prop: options.prop,
        received: options.what,
        allowed: 'something of the same account and Region, or with a name that is known at synth',
        fix: options.fix,
      },
    ],
    { cause },
  );
}

function isKnownIn(scope: IConstruct, arn: string): { readonly known: boolean; readonly cause?: unknown } {
  try {
    const resolved: unknown = Stack.of(scope).resolve(arn);
    return { known: typeof resolved === 'string' || !refersToResource(JSON.stringify(resolved)) };
  } catch (cause) {
    // CDK's own "cannot use resource in a cross-environment fashion".
    return { known: false, cause };
  }
}

/** Pseudo parameters, such as the partition, are the same on both sides. */
function refersToResource(json: string): boolean {
  return json.includes('"Fn::GetAtt"') || /"Ref":"(?!AWS::)/.test(json);
}
