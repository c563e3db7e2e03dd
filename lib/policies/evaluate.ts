/**
 * Decides whether a request is allowed, from the policies that bear on it. No state: everything is in the request.
 * IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
import type { ConditionKeys } from './condition-keys.ts';
import type { Policy, Statement } from './policy.ts';
import { CLOSENESS, matchPrincipal, type Principal, type PrincipalMatch } from './principals.ts';

/** The policies that bear on a request. Absent ones set no limit; an empty list of identity policies grants nothing. */
export interface ApplicablePolicies {
  readonly identity: readonly Policy[];
  readonly boundary?: Policy | undefined;
  readonly session?: Policy | undefined;
  readonly resource?: Policy | undefined;
}

export interface AccessRequest {
  readonly principal: Principal;
  /** `sqs:SendMessage` */
  readonly action: string;
  readonly resourceArn: string;
  readonly resourceAccountId: string;
  readonly keys: ConditionKeys;
  readonly policies: ApplicablePolicies;
  /**
   * True for KMS keys and roles: without a word of the resource's own policy nobody gets in, not even its account.
   * kms/latest/developerguide/key-policies.html
   */
  readonly resourcePolicyDecides?: boolean;
}

export type PolicyKind = 'identity' | 'resource' | 'boundary' | 'session';

/** `by` is the kind of policy that denied, or the one in which the Allow is missing. */
export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly explicit: boolean; readonly by: PolicyKind; readonly sid?: string };

const ALLOWED: Decision = { allowed: true };

export function evaluate(request: AccessRequest): Decision {
  const { identity, boundary, session, resource } = request.policies;
  const kinds: readonly (readonly [PolicyKind, readonly Policy[]])[] = [
    ['identity', identity],
    ['boundary', boundary ? [boundary] : []],
    ['session', session ? [session] : []],
    ['resource', resource ? [resource] : []],
  ];
  for (const [by, policies] of kinds) {
    const statement = policies.flatMap(({ statements }) => statements).find((one) => denies(one, request));
    if (statement)
      return { allowed: false, explicit: true, by, ...(statement.sid && { sid: statement.sid }) };
  }
  return withoutDeny(request);
}

function withoutDeny(request: AccessRequest): Decision {
  const { principal, policies } = request;
  const match = resourceMatch(request);
  // Services have no identity policies: the resource alone lets them in.
  if (principal.kind === 'service') return match === undefined ? missing('resource') : ALLOWED;

  const byIdentity = identityDecision(request);
  const grantsItself = match !== undefined && match !== 'account';
  if (principal.accountId !== request.resourceAccountId) {
    return match === undefined && byIdentity.allowed ? missing('resource') : byIdentity;
  }
  if (request.resourcePolicyDecides && match === undefined) return missing('resource');
  if (byIdentity.allowed || !grantsItself) return byIdentity;
  // Session policies: "not limited by the session policy" when the resource names the session (access_policies.html).
  // Boundaries: they bound the role, not what a resource grants to anybody or to the session itself.
  const { boundary, session } = policies;
  if (match === 'role' && boundary && !allowedBy(boundary, request)) return missing('boundary');
  if (match !== 'exact' && session && !allowedBy(session, request)) return missing('session');
  return ALLOWED;
}

/** What the principal's own policies say, the account root needing none. */
function identityDecision(request: AccessRequest): Decision {
  const { identity, boundary, session } = request.policies;
  const granted = request.principal.kind === 'root' || identity.some((policy) => allowedBy(policy, request));
  if (!granted) return missing('identity');
  if (boundary && !allowedBy(boundary, request)) return missing('boundary');
  if (session && !allowedBy(session, request)) return missing('session');
  return ALLOWED;
}

function missing(by: PolicyKind): Decision {
  return { allowed: false, explicit: false, by };
}

/** The closest match of the resource policy's Allow statements. */
function resourceMatch(request: AccessRequest): PrincipalMatch | undefined {
  const { resource } = request.policies;
  let best: PrincipalMatch | undefined;
  for (const statement of resource?.statements ?? []) {
    if (!statement.allows || !statement.principals || !applies(statement, request)) continue;
    const match = matchPrincipal(statement.principals, request.principal);
    if (match === 'exact') return match;
    if (match !== undefined && (best === undefined || CLOSENESS[match] > CLOSENESS[best])) best = match;
  }
  return best;
}

function denies(statement: Statement, request: AccessRequest): boolean {
  if (statement.allows || !applies(statement, request)) return false;
  return !statement.principals || matchPrincipal(statement.principals, request.principal) !== undefined;
}

function allowedBy(policy: Policy, request: AccessRequest): boolean {
  return policy.statements.some((statement) => statement.allows && applies(statement, request));
}

function applies(statement: Statement, { action, resourceArn, keys }: AccessRequest): boolean {
  return (
    statement.coversAction(action) &&
    statement.coversResource(resourceArn, keys) &&
    statement.conditions.every((holds) => holds(keys))
  );
}
