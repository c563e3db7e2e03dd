/** STS: who the caller is, and roles to act in. Credentials are real: calls signed with them come from the session. */
import type { AwsContext, AwsService, Caller } from '../context.ts';
import { AwsError, unknownOperation } from '../errors.ts';
import { roleCaller } from '../iam/role-caller.ts';
import { inputReader } from '../input.ts';
import type { JsonInput } from '../json-input.ts';
import { stsAuthorization } from './authorization.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly sts: StsService;
  }
}

export interface StsService extends AwsService {
  readonly name: 'sts';
}

/** Seconds a role session may last, and lasts by default. AssumeRole */
const SHORTEST_SESSION_SECONDS = 900;
const LONGEST_SESSION_SECONDS = 43_200;
const DEFAULT_SESSION_SECONDS = 3600;
/** Seconds a session lasts at most whose caller is itself in a role. id_roles.html, "role chaining" */
const LONGEST_CHAINED_SECONDS = 3600;

/** STS has no `Exception` in this code. API_AssumeRole.html, CommonErrors.html */
function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

const { optionalText, requiredText, wholeNumber } = inputReader({
  missing: (name) => validationError(`The member ${name} is required.`),
  wrongType: (name, expected) => validationError(`The member ${name} must be ${expected}.`),
  outOfRange: (name, _value, minimum, maximum) =>
    validationError(`The member ${name} must be a whole number from ${minimum} to ${maximum}.`),
});

export function createStsService(context: AwsContext): StsService {
  return {
    name: 'sts',
    protocols: {
      query: {
        apiVersion: '2011-06-15',
        xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
        integers: ['DurationSeconds'],
      },
    },
    authorization: (action, input) => stsAuthorization(context, action, input),
    async handle(action, input, caller) {
      if (action === 'GetCallerIdentity') return callerIdentity(context, caller);
      if (action === 'AssumeRole') return assumeRole(context, input, caller);
      throw unknownOperation('STS', action);
    },
  };
}

function callerIdentity(context: AwsContext, { accountId, arn }: Caller): JsonInput {
  const [, roleName, sessionName] = /:assumed-role\/([^/]+)\/(.+)$/.exec(arn) ?? [];
  const role = roleName === undefined ? undefined : context.services.find('iam')?.findRole(roleName);
  return { UserId: role ? `${role.id}:${sessionName}` : accountId, Account: accountId, Arn: arn };
}

function assumeRole(context: AwsContext, input: JsonInput, caller: Caller): JsonInput {
  const roleArn = requiredText(input, 'RoleArn');
  const sessionName = requiredText(input, 'RoleSessionName');
  const [, name] = /^arn:aws:iam::\d{12}:role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(roleArn) ?? [];
  if (name === undefined) throw validationError(`${roleArn} is not the ARN of a role.`);
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw validationError('RoleSessionName must be 2 to 64 letters, digits or characters of +=,.@-_');
  }
  const role = context.services.find('iam')?.findRole(name);
  const seconds = sessionSeconds(input, caller, role?.maximumSessionSeconds ?? LONGEST_SESSION_SECONDS);
  const expiresAt = context.clock.now() + seconds * 1000;
  const policy = sessionPolicy(input);
  const tags = sessionTags(input);
  const session = roleCaller(roleArn, sessionName, {
    ...(policy !== undefined && { policy }),
    ...(tags && { tags }),
  });
  const key = context.credentials.issue({ ...session, expiresAt });
  return {
    Credentials: {
      AccessKeyId: key.accessKeyId,
      SecretAccessKey: key.secretAccessKey,
      SessionToken: key.sessionToken,
      Expiration: new Date(expiresAt).toISOString(),
    },
    AssumedRoleUser: {
      AssumedRoleId: `${role?.id ?? 'AROALOCALROLE0000000'}:${sessionName}`,
      Arn: session.arn,
    },
  };
}

function sessionSeconds(input: JsonInput, caller: Caller, longest: number): number {
  const seconds = wholeNumber(
    input,
    'DurationSeconds',
    SHORTEST_SESSION_SECONDS,
    LONGEST_SESSION_SECONDS,
    DEFAULT_SESSION_SECONDS,
  );
  if (caller.arn.includes(':assumed-role/') && seconds > LONGEST_CHAINED_SECONDS) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (seconds > longest) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  return seconds;
}

/** The session policy as JSON text, checked. */
function sessionPolicy(input: JsonInput): string | undefined {
  const policy = optionalText(input, 'Policy');
  if (policy === undefined) return undefined;
  try {
    JSON.parse(policy);
  } catch {
    throw new AwsError('MalformedPolicyDocument', 'Syntax errors in policy.');
  }
  return policy;
}

function sessionTags(input: JsonInput): Record<string, string> | undefined {
  const tags = input['Tags'];
  if (!Array.isArray(tags)) return undefined;
  const pairs = tags as readonly { readonly Key?: unknown; readonly Value?: unknown }[];
  return Object.fromEntries(pairs.map(({ Key, Value }) => [String(Key), String(Value)]));
}
