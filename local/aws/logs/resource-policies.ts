/** Resource policies: which services may write into log groups. One set for the account. */
import type { AwsContext } from '../context.ts';
import { invalidParameter, limitExceeded, notFound, requiredText, type Input } from './errors.ts';
import { pageOf } from './groups.ts';
import { MAXIMUM_POLICY_LENGTH, MAXIMUM_RESOURCE_POLICIES } from './limits.ts';
import type { ResourcePolicy } from './model.ts';

export interface ResourcePolicies {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** All statements as one policy; undefined when there is none. */
  merged(): unknown;
}

export function createResourcePolicies(context: AwsContext): ResourcePolicies {
  const kept = context.state.collection<ResourcePolicy>('logs.resource-policies');
  const policies = new Map<string, ResourcePolicy>(kept.entries());
  const shown = ({ name, document, updatedAt }: ResourcePolicy) => ({
    policyName: name,
    policyDocument: document,
    lastUpdatedTime: updatedAt,
  });

  return {
    merged() {
      if (policies.size === 0) return undefined;
      const statements = [...policies.values()].flatMap(
        ({ document }) => (JSON.parse(document) as { Statement?: unknown }).Statement ?? [],
      );
      return { Version: '2012-10-17', Statement: statements };
    },
    actions: {
      PutResourcePolicy(input) {
        const name = requiredText(input, 'policyName');
        if (policies.size >= MAXIMUM_RESOURCE_POLICIES && !policies.has(name)) {
          throw limitExceeded('Resource limit exceeded.');
        }
        const document = checkedDocument(requiredText(input, 'policyDocument'));
        const policy = { name, document, updatedAt: context.clock.now() };
        policies.set(name, policy);
        kept.put(name, policy);
        return { resourcePolicy: shown(policy) };
      },
      DeleteResourcePolicy(input) {
        const name = requiredText(input, 'policyName');
        if (!policies.delete(name)) throw notFound(`Policy with name [${name}] does not exist`);
        kept.delete(name);
      },
      DescribeResourcePolicies(input) {
        const { items, next } = pageOf([...policies.values()], input);
        return { resourcePolicies: items.map(shown), ...next };
      },
    },
  };
}

function checkedDocument(document: string): string {
  if (document.length > MAXIMUM_POLICY_LENGTH) {
    throw invalidParameter(`A resource policy has at most ${MAXIMUM_POLICY_LENGTH} characters.`);
  }
  try {
    const parsed: unknown = JSON.parse(document);
    if (typeof parsed === 'object' && parsed !== null && 'Statement' in parsed) return document;
  } catch {
    // Falls through to the refusal.
  }
  throw invalidParameter('Policy document is not valid: it must be a JSON policy with statements.');
}
