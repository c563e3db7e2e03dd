/** Decides each call from the policies on record, remembers what it allowed, and tells the console what it denied. */
import type { AuthorizationRequest, Authorizer, AwsContext, Caller } from '../context.ts';
import type { AwsError } from '../errors.ts';
import { denialError, expiredToken, remedyOf, type Refusal } from './denial.ts';
import { evaluate, type ApplicablePolicies } from '../../../lib/policies/evaluate.ts';
import type { Identities } from './identities.ts';
import { readPolicy, type Policy } from '../../../lib/policies/policy.ts';
import { identify, keysOf, resourceAccount, type Identity } from './request-keys.ts';

/** More than the callers, actions and resources of a large application; then everything is decided anew. */
const MAXIMUM_REMEMBERED = 20_000;

const NOTHING: Policy = { statements: [], dependsOnTime: false };
const EVERYTHING = readPolicy({ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });

/** An Allow, as long as nothing that it was made from has changed. */
interface Remembered {
  readonly version: number;
  readonly resourcePolicy: unknown;
}

export function createAuthorizer(context: AwsContext, identities: Identities): Authorizer {
  const isLenient = context.policies === 'enforced-where-present';
  const remembered = new Map<string, Remembered>();

  /** A service that acts in a role must be trusted by it, as if it had called AssumeRole. */
  const authorizeSession = (service: string, caller: Caller): void => {
    const assumedBy = caller.session?.assumedBy;
    const role = assumedBy && identify(caller, identities).role;
    if (assumedBy === undefined || role === undefined) return;
    const assuming: Caller = { accountId: caller.accountId, arn: assumedBy.service, ...assumedBy };
    authorizeOne(service, assuming, {
      action: 'sts:AssumeRole',
      resourceArn: role.arn,
      resourcePolicy: role.trustPolicy,
    });
  };

  const authorizeOne = (service: string, caller: Caller, request: AuthorizationRequest): void => {
    const { resourcePolicy } = request;
    if (resourcePolicy === undefined && isRoot(context, caller) && !isDecidedByResource(request)) return;
    const key = decisionKey(caller, request);
    const known = key === undefined ? undefined : remembered.get(key);
    if (known?.version === identities.version() && known.resourcePolicy === resourcePolicy) return;
    if (isLenient && isDeliveryToOpenResource(context, caller, request)) return;

    const identity = identify(caller, identities);
    const policies = policiesFor(caller, identity, request);
    const decision = evaluate({
      principal: identity.principal,
      action: request.action,
      resourceArn: request.resourceArn,
      resourceAccountId: resourceAccount(request.resourceArn, context.accountId),
      keys: keysOf(context, caller, identity, request),
      policies,
      resourcePolicyDecides: isDecidedByResource(request),
    });
    if (!decision.allowed) {
      if (!decision.explicit && isGranted(identity, request)) return;
      throw deny(service, caller, identity, request, decision);
    }
    if (key === undefined || dependsOnTime(policies)) return;
    if (remembered.size >= MAXIMUM_REMEMBERED) remembered.clear();
    remembered.set(key, { version: identities.version(), resourcePolicy });
  };

  const policiesFor = (
    { session }: Caller,
    { principal, role }: Identity,
    { resourcePolicy }: AuthorizationRequest,
  ): ApplicablePolicies => {
    const own = role && identities.policiesOf(role);
    // A role that nobody put on record: a function or a schedule of a quick test. There is no such thing in AWS.
    const unknown = isLenient && principal.kind !== 'service' ? [EVERYTHING] : [];
    return {
      identity: own?.identity ?? unknown,
      boundary: own?.boundary,
      session: session?.policy === undefined ? undefined : readPolicy(session.policy),
      resource: resourcePolicy === undefined ? undefined : readableOrNothing(resourcePolicy),
    };
  };

  const deny = (
    service: string,
    caller: Caller,
    identity: Identity,
    request: AuthorizationRequest,
    refusal: Refusal,
  ): AwsError => {
    const denial = { service, caller, identity, request, refusal };
    const error = denialError(denial);
    const { where, statement } = remedyOf(denial);
    context.events.emit({
      kind: 'denied',
      service,
      resourceArn: request.resourceArn,
      detail: {
        action: request.action,
        principal: identity.principal.arn,
        reason: error.message,
        policy: where,
        statement,
        sourceArn: caller.sourceArn,
      },
    });
    return error;
  };

  return {
    authorize(service, caller, requests) {
      if (caller.expiresAt !== undefined && caller.expiresAt <= context.clock.now()) {
        throw expiredToken(service);
      }
      if (requests.length > 0) authorizeSession(service, caller);
      for (const request of requests) authorizeOne(service, caller, request);
    },
  };
}

function isRoot({ accountId }: AwsContext, { arn, service }: Caller): boolean {
  return service === undefined && arn === `arn:aws:iam::${accountId}:root`;
}

/** Lambda, SNS and the like deliver to what has no policy of its own when nobody asked for more. */
function isDeliveryToOpenResource(
  { accountId }: AwsContext,
  { service, sourceArn }: Caller,
  { resourcePolicy, isDefaultPolicy }: AuthorizationRequest,
): boolean {
  if (service === undefined) return false;
  const isOpen = resourcePolicy === undefined || isDefaultPolicy === true;
  return isOpen && (sourceArn === undefined || resourceAccount(sourceArn, accountId) === accountId);
}

/** KMS keys and the trust of roles: see AccessRequest.resourcePolicyDecides. */
function isDecidedByResource({ action, resourceArn }: AuthorizationRequest): boolean {
  return action.startsWith('kms:') ? resourceArn.includes(':key/') : action === 'sts:AssumeRole';
}

function isGranted({ principal }: Identity, request: AuthorizationRequest): boolean {
  const names = [principal.arn, principal.roleArn].filter((name) => name !== undefined);
  return names.some((name) => request.isGranted?.(name) === true);
}

/** What an answer depends on, apart from the policies; undefined when it is not worth remembering. */
function decisionKey(caller: Caller, request: AuthorizationRequest): string | undefined {
  const { session, arn, service = '', sourceArn = '' } = caller;
  if (session?.policy !== undefined || session?.tags !== undefined) return undefined;
  const { action, resourceArn, conditionKeys } = request;
  const own = conditionKeys === undefined ? '' : JSON.stringify(conditionKeys);
  return `${arn} ${service} ${sourceArn} ${session?.sourceFunctionArn ?? ''} ${action} ${resourceArn} ${own}`;
}

function dependsOnTime({ identity, boundary, session, resource }: ApplicablePolicies): boolean {
  return [...identity, boundary, session, resource].some((policy) => policy?.dependsOnTime === true);
}

/** A policy that the service took without reading it, and that can't be read, neither grants nor denies. */
function readableOrNothing(document: unknown): Policy {
  try {
    return readPolicy(document);
  } catch {
    return NOTHING;
  }
}
