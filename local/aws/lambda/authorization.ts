/**
 * The permissions that each action of Lambda needs: itself on the function, which has a policy when AddPermission gave it one.
 * service-authorization/latest/reference/list_awslambda.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { passRole } from '../iam/pass-role.ts';

type Input = Readonly<Record<string, unknown>>;

/** Names of permissions that differ from their actions'. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  Invoke: 'InvokeFunction',
  InvokeWithResponseStream: 'InvokeFunction',
};

/** @param policyOf the policy of a function, by its name, as JSON text */
export function lambdaAuthorization(
  context: AwsContext,
  policyOf: (functionName: string) => string | undefined,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const reference = text(input, 'FunctionName');
  const isMapping = action.endsWith('EventSourceMapping') || action.endsWith('EventSourceMappings');
  const permission = `lambda:${PERMISSIONS[action] ?? action}`;
  if (reference === undefined || isMapping) {
    const resourceArn =
      text(input, 'UUID') === undefined
        ? '*'
        : `arn:aws:lambda:${context.region}:${context.accountId}:event-source-mapping:${text(input, 'UUID')}`;
    const functionArn = reference === undefined ? undefined : arnOf(context, reference, undefined);
    const conditionKeys = functionArn === undefined ? undefined : { 'lambda:FunctionArn': functionArn };
    return [{ action: permission, resourceArn, ...(conditionKeys && { conditionKeys }) }];
  }
  const resourceArn = arnOf(context, reference, text(input, 'Qualifier'));
  const resourcePolicy = policyOf(resourceArn.split(':')[6] ?? '');
  const request = {
    action: permission,
    resourceArn,
    ...(resourcePolicy !== undefined && { resourcePolicy }),
  };
  return [request, ...passRole('lambda.amazonaws.com', [text(input, 'Role')])];
}

/** The ARN of a function that is named in any of the ways that Lambda takes. */
function arnOf({ region, accountId }: AwsContext, reference: string, qualifier: string | undefined): string {
  const named = /(?:^|:)function:(.+)$/.exec(reference)?.[1] ?? reference;
  const account = /^(?:arn:[\w-]+:lambda:[\w-]+:)?(\d{12}):function:/.exec(reference)?.[1] ?? accountId;
  const suffix = qualifier === undefined ? '' : `:${qualifier}`;
  return `arn:aws:lambda:${region}:${account}:function:${named}${suffix}`;
}

function text(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
