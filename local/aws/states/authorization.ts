/**
 * The permissions that a call of Step Functions needs.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { passRole } from '../iam/pass-role.ts';
import { activityArn, machineArn, machineOfExecution } from './arn.ts';
import type { Input } from './input.ts';

/** Actions that are on no resource. */
const ON_NOTHING: ReadonlySet<string> = new Set([
  'ListActivities',
  'ListStateMachines',
  'TestState',
  'ValidateStateMachineDefinition',
]);
const RESOURCE_MEMBERS = [
  'executionArn',
  'stateMachineAliasArn',
  'stateMachineVersionArn',
  'stateMachineArn',
  'activityArn',
  'resourceArn',
];

export function statesAuthorization(
  context: AwsContext,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const { roleArn } = input;
  return [
    { action: `states:${action}`, resourceArn: resourceOf(context, action, input) },
    ...(typeof roleArn === 'string' ? passRole('states.amazonaws.com', [roleArn]) : []),
  ];
}

function resourceOf(context: AwsContext, action: string, input: Input): string {
  if (ON_NOTHING.has(action)) return '*';
  const { name, taskToken } = input as { readonly name?: unknown; readonly taskToken?: unknown };
  if (action === 'CreateStateMachine') return machineArn(context, String(name));
  if (action === 'CreateActivity') return activityArn(context, String(name));
  if (typeof taskToken === 'string') return machineOfToken(taskToken);
  for (const member of RESOURCE_MEMBERS) {
    const arn = input[member];
    if (typeof arn === 'string') return arn;
  }
  return '*';
}

/** Who completes a task needs to be let in by the machine that waits. */
function machineOfToken(token: string): string {
  try {
    const { e } = JSON.parse(Buffer.from(token, 'base64').toString()) as { readonly e?: string };
    return e === undefined ? '*' : machineOfExecution(e);
  } catch {
    return '*';
  }
}
