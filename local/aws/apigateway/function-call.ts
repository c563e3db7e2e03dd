/** API Gateway calls a function: as the service `apigateway.amazonaws.com`, for the method, route or authorizer that asks. */
import { actingRole } from '../iam/role-caller.ts';
import { callService } from '../dispatch.ts';
import { serviceCaller, type AwsContext } from '../context.ts';

export const SERVICE_PRINCIPAL = 'apigateway.amazonaws.com';

export interface FunctionAnswer {
  /** JSON text. */
  readonly payload: string;
  /** True when the function failed; the payload then says how. */
  readonly failed: boolean;
}

/** @throws AwsError of Lambda: throttled, unknown, or denied by the function's permissions */
export async function callFunction(
  context: AwsContext,
  functionArn: string,
  event: unknown,
  source: { readonly sourceArn: string; readonly roleArn?: string | undefined },
): Promise<FunctionAnswer> {
  const caller =
    source.roleArn === undefined
      ? serviceCaller(context, SERVICE_PRINCIPAL, source.sourceArn)
      : actingRole(SERVICE_PRINCIPAL, source.roleArn, 'BackplaneAssumeRoleSession', source.sourceArn);
  const input = { FunctionName: functionArn, Payload: JSON.stringify(event) };
  const output = (await callService(context, context.services.get('lambda'), 'Invoke', input, caller)) as {
    readonly Payload?: string;
    readonly FunctionError?: string;
  };
  return { payload: output.Payload ?? 'null', failed: output.FunctionError !== undefined };
}

/** An ARN, or the invocation URI `arn:aws:apigateway:...:lambda:path/2015-03-31/functions/<arn>/invocations`. */
export function functionArnOf(uri: string): string {
  return /functions\/(arn:.+)\/invocations$/.exec(uri)?.[1] ?? uri;
}
