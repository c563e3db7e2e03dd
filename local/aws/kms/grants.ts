/**
 * Grants: a principal may use a key for some operations, without a change of its policy.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
 */
import { createHash, randomBytes } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { optionalText, requiredText, textList, validationError, type JsonInput } from '../json-input.ts';
import type { EncryptionContext } from './ciphertext.ts';

/** The operations a grant can allow. CreateGrant */
const OPERATIONS: readonly string[] = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'CreateGrant',
  'RetireGrant',
  'DescribeKey',
];

interface Constraints {
  readonly EncryptionContextSubset?: EncryptionContext;
  readonly EncryptionContextEquals?: EncryptionContext;
}

interface Grant {
  readonly id: string;
  readonly keyArn: string;
  readonly granteePrincipal: string;
  readonly retiringPrincipal: string | undefined;
  readonly operations: readonly string[];
  readonly constraints: Constraints | undefined;
  readonly name: string | undefined;
  readonly createdAt: number;
}

export interface Grants {
  create(keyArn: string, input: JsonInput): JsonInput;
  /** Those of a key, narrowed by GrantId and GranteePrincipal. */
  list(keyArn: string, input: JsonInput): readonly JsonInput[];
  retirableBy(principal: string): readonly JsonInput[];
  revoke(keyArn: string, grantId: string): void;
  /** By grant token, or by key and grant id. */
  retire(input: JsonInput): void;
  allows(
    keyArn: string,
    principalArn: string,
    operation: string,
    encryptionContext: EncryptionContext,
  ): boolean;
}

export function createGrants(context: AwsContext): Grants {
  const kept = context.state.collection<Grant>('kms.grants');
  const grants = new Map<string, Grant>(kept.entries());

  const existing = (grantId: string, keyArn: string | undefined): Grant => {
    const grant = grants.get(grantId);
    if (grant && (keyArn === undefined || grant.keyArn === keyArn)) return grant;
    throw new AwsError('NotFoundException', `Grant ID ${grantId} not found`);
  };
  const remove = (grant: Grant): void => {
    grants.delete(grant.id);
    kept.delete(grant.id);
  };

  return {
    create(keyArn, input) {
      const operations = textList(input, 'Operations');
      const unknown = operations.filter((operation) => !OPERATIONS.includes(operation));
      if (operations.length === 0 || unknown.length > 0) {
        throw validationError(
          `Operations must be some of ${OPERATIONS.join(', ')}; received: ${operations.join(', ') || 'none'}.`,
        );
      }
      const name = optionalText(input, 'Name');
      const wanted = {
        keyArn,
        granteePrincipal: requiredText(input, 'GranteePrincipal'),
        retiringPrincipal: optionalText(input, 'RetiringPrincipal'),
        operations,
        constraints: input['Constraints'] as Constraints | undefined,
        name,
      };
      // With a name, the same grant again is the grant that is there.
      const same = [...grants.values()].find(
        ({ id: _id, createdAt: _at, ...grant }) =>
          name !== undefined && JSON.stringify(grant) === JSON.stringify(wanted),
      );
      if (same) return { GrantId: same.id, GrantToken: tokenOf(same) };
      const grant: Grant = { id: randomBytes(32).toString('hex'), createdAt: context.clock.now(), ...wanted };
      grants.set(grant.id, grant);
      kept.put(grant.id, grant);
      return { GrantId: grant.id, GrantToken: tokenOf(grant) };
    },
    list(keyArn, input) {
      const grantId = optionalText(input, 'GrantId');
      const grantee = optionalText(input, 'GranteePrincipal');
      return [...grants.values()]
        .filter((grant) => grant.keyArn === keyArn)
        .filter((grant) => grantId === undefined || grant.id === grantId)
        .filter((grant) => grantee === undefined || grant.granteePrincipal === grantee)
        .map(shown);
    },
    retirableBy: (principal) =>
      [...grants.values()].filter(({ retiringPrincipal }) => retiringPrincipal === principal).map(shown),
    revoke(keyArn, grantId) {
      remove(existing(grantId, keyArn));
    },
    retire(input) {
      const token = optionalText(input, 'GrantToken');
      if (token === undefined) return remove(existing(requiredText(input, 'GrantId'), undefined));
      const grant = [...grants.values()].find((each) => tokenOf(each) === token);
      if (!grant) throw new AwsError('InvalidGrantTokenException', 'The grant token is not valid.');
      remove(grant);
    },
    allows: (keyArn, principalArn, operation, encryptionContext) =>
      [...grants.values()].some(
        (grant) =>
          grant.keyArn === keyArn &&
          grant.granteePrincipal === principalArn &&
          grant.operations.includes(operation) &&
          meets(encryptionContext, grant.constraints),
      ),
  };
}

function meets(encryptionContext: EncryptionContext, constraints: Constraints = {}): boolean {
  const { EncryptionContextSubset: subset, EncryptionContextEquals: equal } = constraints;
  const holds = (pairs: EncryptionContext): boolean =>
    Object.entries(pairs).every(([name, value]) => encryptionContext[name] === value);
  if (equal && Object.keys(equal).length !== Object.keys(encryptionContext).length) return false;
  return holds(subset ?? {}) && holds(equal ?? {});
}

function tokenOf({ id }: Grant): string {
  return createHash('sha256').update(id).digest('base64url');
}

function shown(grant: Grant): JsonInput {
  return {
    KeyId: grant.keyArn,
    GrantId: grant.id,
    Name: grant.name ?? '',
    CreationDate: grant.createdAt / 1000,
    GranteePrincipal: grant.granteePrincipal,
    ...(grant.retiringPrincipal !== undefined && { RetiringPrincipal: grant.retiringPrincipal }),
    Operations: grant.operations,
    ...(grant.constraints && { Constraints: grant.constraints }),
  };
}
