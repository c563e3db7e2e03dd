/** What the policy that a Lambda authorizer answered says about one call. */
import { evaluate } from '../../../lib/policies/evaluate.ts';
import { readPolicy, type Policy } from '../../../lib/policies/policy.ts';

export type PolicyVerdict = 'allowed' | 'denied' | 'not allowed' | 'invalid';

export function policyVerdict(document: unknown, action: string, resourceArn: string): PolicyVerdict {
  const policy = readable(document);
  if (policy === undefined) return 'invalid';
  const accountId = resourceArn.split(':')[4] ?? '';
  const decision = evaluate({
    principal: { kind: 'user', arn: `arn:aws:iam::${accountId}:user/client`, accountId },
    action,
    resourceArn,
    resourceAccountId: accountId,
    keys: new Map(),
    policies: { identity: [policy] },
  });
  if (decision.allowed) return 'allowed';
  return decision.explicit ? 'denied' : 'not allowed';
}

function readable(document: unknown): Policy | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  try {
    return readPolicy(document);
  } catch {
    return undefined;
  }
}
