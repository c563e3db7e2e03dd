/** What a denied call is answered, in AWS's words, and what the person who runs it should add, ready to paste. */
import type { AuthorizationRequest, Caller } from '../context.ts';
import { AwsError } from '../errors.ts';
import type { Decision } from '../../../lib/policies/evaluate.ts';
import type { Identity } from './request-keys.ts';

export type Refusal = Extract<Decision, { readonly allowed: false }>;

/** What was denied, and why. */
export interface Denial {
  readonly service: string;
  readonly caller: Caller;
  readonly identity: Identity;
  readonly request: AuthorizationRequest;
  readonly refusal: Refusal;
}

/** How a service answers. Codes and statuses are those of its API reference, "Common errors". */
interface Answer {
  readonly code: string;
  readonly httpStatus: number;
  readonly queryCode?: string;
  readonly namespace?: string;
  /** How the service spells an action in its message. */
  readonly spell?: (action: string) => string;
  /** The code when what was missing is the use of a key. */
  readonly keyDenied?: { readonly code: string; readonly queryCode?: string };
}

const DEFAULT_ANSWER: Answer = { code: 'AccessDeniedException', httpStatus: 400 };
const FORBIDDEN: Answer = { code: 'AccessDeniedException', httpStatus: 403 };
const QUERY: Answer = { code: 'AccessDenied', httpStatus: 403 };

const ANSWERS: Readonly<Record<string, Answer>> = {
  sqs: {
    code: 'AccessDeniedException',
    httpStatus: 403,
    queryCode: 'AccessDenied',
    namespace: 'com.amazon.coral.service',
    spell: (action) => action.toLowerCase(),
    keyDenied: { code: 'KmsAccessDenied', queryCode: 'KMS.AccessDeniedException' },
  },
  sns: {
    code: 'AuthorizationErrorException',
    httpStatus: 403,
    queryCode: 'AuthorizationError',
    spell: (action) => action.replace(/^sns:/, 'SNS:'),
    keyDenied: { code: 'KMSAccessDeniedException', queryCode: 'KMSAccessDenied' },
  },
  sts: QUERY,
  iam: QUERY,
  s3: QUERY,
  cloudformation: QUERY,
  monitoring: QUERY,
  cloudwatch: QUERY,
  lambda: FORBIDDEN,
  scheduler: FORBIDDEN,
  pipes: FORBIDDEN,
  apigateway: FORBIDDEN,
  'execute-api': { code: 'ForbiddenException', httpStatus: 403 },
};

/** The error that the service answers. */
export function denialError(denial: Denial): AwsError {
  const { service, request } = denial;
  const answer = ANSWERS[service] ?? DEFAULT_ANSWER;
  const message = denialMessage(denial);
  const { namespace } = answer;
  if (service !== 'kms' && request.action.startsWith('kms:')) {
    const { code, queryCode = code } = answer.keyDenied ?? { code: DEFAULT_ANSWER.code };
    return new AwsError(code, message, 400, { queryCode });
  }
  const { code, queryCode = code } = answer;
  return new AwsError(code, message, answer.httpStatus, { queryCode, ...(namespace && { namespace }) });
}

/** The error for credentials whose time is over. */
export function expiredToken(service: string): AwsError {
  const { httpStatus } = ANSWERS[service] ?? DEFAULT_ANSWER;
  const message = 'The security token included in the request is expired';
  return new AwsError('ExpiredTokenException', message, httpStatus, { queryCode: 'ExpiredToken' });
}

const KIND_NAMES: Readonly<Record<Refusal['by'], string>> = {
  identity: 'identity-based policy',
  resource: 'resource-based policy',
  boundary: 'permissions boundary',
  session: 'session policy',
};

/** IAM/latest/UserGuide/troubleshoot_access-denied.html, "Access denied error message examples" */
function denialMessage({ service, identity, request, refusal }: Denial): string {
  const isItsOwn = request.action.startsWith(`${service}:`);
  const action = (isItsOwn && ANSWERS[service]?.spell?.(request.action)) || request.action;
  const kind = KIND_NAMES[refusal.by];
  const article = /^[aeiou]/.test(kind) ? 'an' : 'a';
  const reason = refusal.explicit
    ? `with an explicit deny in ${article} ${kind}`
    : `because no ${kind} allows the ${action} action`;
  return `User: ${identity.principal.arn} is not authorized to perform: ${action} on resource: ${request.resourceArn} ${reason}`;
}

/** What to change so that the call is allowed. */
export interface Remedy {
  /** Which policy is to be changed, in a reader's words. */
  readonly where: string;
  /** The statement that is missing, as JSON; undefined when a Deny stands in the way. */
  readonly statement: string | undefined;
}

export function remedyOf(denial: Denial): Remedy {
  const { refusal, request } = denial;
  const where = policyName(denial);
  if (refusal.explicit) {
    return {
      where: `${where}: its ${refusal.sid ? `statement ${refusal.sid}` : 'Deny'} stands in the way`,
      statement: undefined,
    };
  }
  const isAccountsOwn = refusal.by !== 'resource';
  const statement = {
    Effect: 'Allow',
    ...(isAccountsOwn ? {} : { Principal: neededPrincipal(denial) }),
    Action: request.action,
    ...(isAccountsOwn || !hasOwnResource(request)
      ? {}
      : { Resource: request.action.startsWith('kms:') ? '*' : request.resourceArn }),
    ...(isAccountsOwn && { Resource: request.resourceArn }),
    ...neededCondition(denial),
  };
  return { where, statement: JSON.stringify(statement) };
}

/** A trust policy is about its own role and names no resource. */
function hasOwnResource({ action }: AuthorizationRequest): boolean {
  return action !== 'sts:AssumeRole';
}

function neededPrincipal({ identity: { principal } }: Denial): Record<string, string> {
  if (principal.kind === 'service') return { Service: principal.arn };
  return { AWS: principal.roleArn ?? principal.arn };
}

function neededCondition({ caller, refusal, identity }: Denial): object {
  const scoped = refusal.by === 'resource' && identity.principal.kind === 'service' && caller.sourceArn;
  return scoped ? { Condition: { ArnEquals: { 'aws:SourceArn': caller.sourceArn } } } : {};
}

const HOLDERS: Readonly<Record<string, string>> = {
  sqs: 'the policy of the queue',
  sns: 'the policy of the topic',
  kms: 'the policy of the key',
  lambda: 'the permissions (AddPermission, AWS::Lambda::Permission) of the function',
  events: 'the policy of the event bus',
  secretsmanager: 'the policy of the secret',
  sts: 'the trust policy of the role',
  s3: 'the policy of the bucket',
};

function policyName({ identity, request, refusal }: Denial): string {
  const { principal, role } = identity;
  const name = principal.roleArn?.split('/').at(-1) ?? principal.arn;
  if (refusal.by === 'resource') {
    const holder = HOLDERS[request.action.split(':')[0] ?? ''] ?? 'the policy of';
    return `${holder} ${request.resourceArn}`;
  }
  if (refusal.by === 'boundary') return `the permissions boundary of the role ${name}`;
  if (refusal.by === 'session') return `the session policy that ${principal.arn} was given`;
  return role === undefined && principal.kind === 'session'
    ? `a policy of the role ${name}, which does not exist here`
    : `a policy of the role ${name}`;
}
