/** The resource policies of functions: one statement for each AddPermission. */
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';

type Input = Readonly<Record<string, unknown>>;
type Statement = Readonly<Record<string, unknown>> & { readonly Sid: string };

export interface Permissions {
  /** AddPermission: the statement it made, as JSON text. */
  add(functionArn: string, functionName: string, input: Input): string;
  /** Throws `ResourceNotFoundException` when there is no such statement. */
  remove(functionName: string, statementId: string): void;
  /** The whole policy as JSON text; undefined for a function nobody gave a permission. */
  policyOf(functionName: string): string | undefined;
  forget(functionName: string): void;
}

const SERVICE = /^[\w.-]+\.amazonaws\.com$/;

export function createPermissions(context: AwsContext): Permissions {
  const kept = context.state.collection<readonly Statement[]>('lambda.permissions');
  const statements = new Map<string, readonly Statement[]>(kept.entries());
  /** As text, made once: every invocation asks for it. */
  const policies = new Map<string, string>();

  const put = (functionName: string, changed: readonly Statement[]): void => {
    policies.delete(functionName);
    if (changed.length === 0) {
      statements.delete(functionName);
      kept.delete(functionName);
    } else {
      statements.set(functionName, changed);
      kept.put(functionName, changed);
    }
  };

  return {
    add(functionArn, functionName, input) {
      const present = statements.get(functionName) ?? [];
      const statement = statementOf(context, functionArn, input);
      if (present.some(({ Sid }) => Sid === statement.Sid)) {
        throw new AwsError(
          'ResourceConflictException',
          `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
          409,
        );
      }
      put(functionName, [...present, statement]);
      return JSON.stringify(statement);
    },
    remove(functionName, statementId) {
      const present = statements.get(functionName) ?? [];
      const left = present.filter(({ Sid }) => Sid !== statementId);
      if (left.length === present.length) {
        throw new AwsError(
          'ResourceNotFoundException',
          `Statement ${statementId} is not found in resource policy.`,
          404,
        );
      }
      put(functionName, left);
    },
    policyOf(functionName) {
      const present = statements.get(functionName);
      if (present === undefined) return undefined;
      const known = policies.get(functionName);
      if (known !== undefined) return known;
      const policy = JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: present });
      policies.set(functionName, policy);
      return policy;
    },
    forget: (functionName) => put(functionName, []),
  };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html */
function statementOf({ accountId }: AwsContext, functionArn: string, input: Input): Statement {
  const principal = required(input, 'Principal');
  const sourceArn = optional(input, 'SourceArn');
  const sourceAccount = optional(input, 'SourceAccount');
  const organization = optional(input, 'PrincipalOrgID');
  const urlAuthType = optional(input, 'FunctionUrlAuthType');
  const qualifier = optional(input, 'Qualifier');
  const equals = {
    ...(sourceAccount !== undefined && { 'AWS:SourceAccount': sourceAccount }),
    ...(organization !== undefined && { 'aws:PrincipalOrgID': organization }),
    ...(urlAuthType !== undefined && { 'lambda:FunctionUrlAuthType': urlAuthType }),
  };
  const conditions = {
    ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
    ...(sourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': sourceArn } }),
  };
  return {
    Sid: required(input, 'StatementId'),
    Effect: 'Allow',
    Principal: principalOf(principal, accountId),
    Action: required(input, 'Action'),
    Resource: qualifier === undefined ? functionArn : `${functionArn}:${qualifier}`,
    ...(Object.keys(conditions).length > 0 && { Condition: conditions }),
  };
}

function principalOf(principal: string, accountId: string): string | Record<string, string> {
  if (principal === '*') return '*';
  if (SERVICE.test(principal)) return { Service: principal };
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  return { AWS: principal.startsWith('arn:') ? principal : `arn:aws:iam::${accountId}:root` };
}

function required(input: Input, member: string): string {
  const value = optional(input, member);
  if (value !== undefined) return value;
  throw new AwsError('ValidationException', `${member} must be a text that is not empty`);
}

function optional(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
