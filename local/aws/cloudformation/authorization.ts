/** What IAM calls the permission that a CloudFormation call needs: the action's own name, on the stack. */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import type { Input } from '../input.ts';
import { optionalText } from './input.ts';

/** On no stack. service-authorization/latest/reference/list_awscloudformation.html */
const ON_NO_STACK = ['GetTemplateSummary', 'ListExports', 'ListImports', 'ListStacks', 'ValidateTemplate'];

export function cloudFormationAuthorization(
  context: AwsContext,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const stack = optionalText(input, 'StackName');
  const resourceArn =
    stack === undefined || ON_NO_STACK.includes(action)
      ? '*'
      : stack.startsWith('arn:')
        ? stack
        : `arn:aws:cloudformation:${context.region}:${context.accountId}:stack/${stack}/*`;
  return [{ action: `cloudformation:${action}`, resourceArn }];
}
