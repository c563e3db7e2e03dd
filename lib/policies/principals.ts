/**
 * Who makes a request, and whether a policy's Principal means them.
 * IAM/latest/UserGuide/reference_policies_elements_principal.html
 */

/** Who makes a request, as policies see it. */
export interface Principal {
  readonly kind: 'root' | 'user' | 'session' | 'service';
  /** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` for a session; a service has its name, `sns.amazonaws.com`. */
  readonly arn: string;
  readonly accountId: string;
  /** The role behind a session. */
  readonly roleArn?: string;
}

/**
 * How closely an Allow of a resource policy means the principal. An account only says that its own identity policies
 * may decide; the others grant by themselves.
 */
export type PrincipalMatch = 'account' | 'anybody' | 'role' | 'exact';

export interface PrincipalElement {
  readonly negated: boolean;
  readonly entries: readonly PrincipalEntry[];
}

interface PrincipalEntry {
  readonly kind: 'anybody' | 'account' | 'arn' | 'service' | 'other';
  readonly value: string;
}

/** Reads `Principal` or `NotPrincipal`: `"*"`, or lists by AWS, Service, Federated and CanonicalUser. */
export function readPrincipals(element: unknown, negated: boolean): PrincipalElement {
  if (typeof element === 'string') return { negated, entries: [readEntry('AWS', element)] };
  const entries = Object.entries(element ?? {}).flatMap(([type, values]) =>
    [values as unknown].flat().map((value) => readEntry(type, String(value))),
  );
  return { negated, entries };
}

function readEntry(type: string, value: string): PrincipalEntry {
  if (type === 'Service') return { kind: 'service', value };
  if (type !== 'AWS') return { kind: 'other', value };
  if (value === '*') return { kind: 'anybody', value };
  const account = /^(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?$/.exec(value)?.[1];
  return account === undefined ? { kind: 'arn', value } : { kind: 'account', value: account };
}

/** The closest way in which the element means the principal; undefined when it does not. */
export function matchPrincipal(element: PrincipalElement, principal: Principal): PrincipalMatch | undefined {
  if (element.negated) return isExcepted(element, principal) ? undefined : 'anybody';
  let best: PrincipalMatch | undefined;
  for (const entry of element.entries) {
    const match = matchEntry(entry, principal);
    if (match !== undefined && (best === undefined || CLOSENESS[match] > CLOSENESS[best])) best = match;
  }
  return best;
}

/** `anybody` and `exact` reach past a permissions boundary, `role` does not: the wider grant wins. */
export const CLOSENESS: Readonly<Record<PrincipalMatch, number>> = {
  account: 1,
  role: 2,
  anybody: 3,
  exact: 4,
};

function matchEntry({ kind, value }: PrincipalEntry, principal: Principal): PrincipalMatch | undefined {
  if (kind === 'anybody') return 'anybody';
  if (principal.kind === 'service') {
    return kind === 'service' && value === principal.arn ? 'exact' : undefined;
  }
  if (kind === 'account') return value === principal.accountId ? 'account' : undefined;
  if (kind !== 'arn') return undefined;
  if (value === principal.arn) return 'exact';
  return value === principal.roleArn ? 'role' : undefined;
}

/**
 * A principal is left out of a NotPrincipal only when every ARN that means it is listed: a session's own, its role's,
 * and the account's. "Specifying NotPrincipal with Deny", reference_policies_elements_notprincipal.html
 */
function isExcepted({ entries }: PrincipalElement, principal: Principal): boolean {
  const matches = new Set(entries.map((entry) => matchEntry(entry, principal)));
  if (matches.has('anybody')) return true;
  if (principal.kind === 'service') return matches.has('exact');
  if (principal.kind === 'root') return matches.has('account');
  const named = matches.has('exact') && (principal.kind !== 'session' || matches.has('role'));
  return named && matches.has('account');
}
