/** STS: who the caller is, and roles to act in. Credentials are made up; nothing here checks a signature. */
import { randomBytes } from 'node:crypto';
import type { AwsContext, AwsService, Caller } from '../context.ts';
import { unknownOperation } from '../errors.ts';
import { requiredText, validationError, wholeNumber, type JsonInput } from '../json-input.ts';

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
    async handle(action, input, caller) {
      if (action === 'GetCallerIdentity') return callerIdentity(caller);
      if (action === 'AssumeRole') return assumeRole(context, input);
      throw unknownOperation('STS', action);
    },
  };
}

function callerIdentity(caller: Caller): JsonInput {
  return { UserId: caller.accountId, Account: caller.accountId, Arn: caller.arn };
}

function assumeRole(context: AwsContext, input: JsonInput): JsonInput {
  const roleArn = requiredText(input, 'RoleArn');
  const session = requiredText(input, 'RoleSessionName');
  const [, account, name] = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(roleArn) ?? [];
  if (account === undefined || name === undefined)
    throw validationError(`${roleArn} is not the ARN of a role.`);
  if (!/^[\w+=,.@-]{2,64}$/.test(session)) {
    throw validationError('RoleSessionName must be 2 to 64 letters, digits or characters of +=,.@-_');
  }
  const seconds = wholeNumber(
    input,
    'DurationSeconds',
    SHORTEST_SESSION_SECONDS,
    LONGEST_SESSION_SECONDS,
    DEFAULT_SESSION_SECONDS,
  );
  const roleId = `AROA${randomBytes(9).toString('hex').slice(0, 17).toUpperCase()}`;
  return {
    Credentials: {
      AccessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      SecretAccessKey: randomBytes(30).toString('base64'),
      SessionToken: randomBytes(96).toString('base64'),
      Expiration: new Date(context.clock.now() + seconds * 1000).toISOString(),
    },
    AssumedRoleUser: {
      AssumedRoleId: `${roleId}:${session}`,
      Arn: `arn:aws:sts::${account}:assumed-role/${name}/${session}`,
    },
  };
}
