/**
 * Least privilege from both sides, for every role and every policy of production: whatever single action is taken
 * away, something that is needed is refused; and nothing is granted that nothing needs.
 */
import { beforeAll, expect, test } from '@jest/globals';
import { assemblyOf, messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly, Json, SourceStack, Template } from '../../../lib/assembly/index.ts';
import { excessOf, needsOf } from '../../../lib/access/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import { unmetNeeds } from '../../../lib/proofs/prove-privilege.ts';
import { synthesize } from '../stacks/synthesize.ts';

let assembly: Assembly;
let removals: readonly Removal[];

beforeAll(() => {
  assembly = readAssembly(synthesize('prod').directory);
  removals = assembly.stacks.flatMap(({ stackName, template }) => removalsIn(stackName, template));
});

test('nothing is granted that nothing needs', () => {
  expect(excessOf(messagingOf(assembly))).toEqual([]);
});

test('no kind of policy is left out', () => {
  const typeOf = new Map(assembly.resources.map(({ logicalId, type }) => [logicalId, type]));
  const count = (type: string): number =>
    removals.filter(({ logicalId }) => typeOf.get(logicalId) === type).length;
  const touched = new Set(removals.map(({ logicalId }) => logicalId));

  expect(count('AWS::IAM::Policy')).toBeGreaterThan(80);
  expect(count('AWS::IAM::Role')).toBeGreaterThan(12);
  expect(count('AWS::SQS::QueuePolicy')).toBeGreaterThan(20);
  expect(count('AWS::SNS::TopicPolicy')).toBeGreaterThan(0);
  expect(count('AWS::KMS::Key')).toBeGreaterThan(3);
  expect(count('AWS::Lambda::Permission')).toBeGreaterThan(0);
  expect(
    messagingOf(assembly).roles.filter(
      ({ policies }) => !policies.some(({ resource }) => touched.has(resource.logicalId)),
    ),
  ).toEqual([]);
});

test('without any one action something is refused', () => {
  const unnoticed = removals.filter((removal) => !isNoticed(removal)).map(describeRemoval);

  expect(unnoticed).toEqual([]);
});

/** Statements with which an account administers what is its own: CloudFormation needs them, messages do not. */
const ADMINISTRATION = [
  /** The default policy of every key, without which nobody could ever change it. */
  { action: 'kms:*', sid: undefined },
  /** What SNS lets the owner of a topic do by default, and a policy replaces. */
  { action: undefined, sid: 'OwnerAccount' },
] as const;

interface Removal {
  readonly stackName: string;
  readonly logicalId: string;
  readonly action: string;
  readonly sid: string | undefined;
  /** The template without the action. */
  apply(): Template;
}

function isNoticed({ stackName, apply }: Removal): boolean {
  const stacks = assembly.stacks.map((stack): SourceStack => ({
    stackName: stack.stackName,
    ...(stack.isPlaced ? { account: stack.accountId, region: stack.region } : {}),
    template: stack.stackName === stackName ? apply() : stack.template,
  }));
  const without = assemblyOf(stacks, assembly.topology);
  const messaging = messagingOf(without);
  // The needs alone tell nearly all; they are decided in a fraction of the time that all proofs take.
  return (
    unmetNeeds(messaging, needsOf(messaging)).length > 0 ||
    proveAssembly(without).some(({ breaks }) => breaks.length > 0)
  );
}

/** Each action of each Allow statement, wherever a document stands in a resource; and each permission of a function. */
function removalsIn(stackName: string, template: Template): readonly Removal[] {
  return Object.entries(template.Resources ?? {}).flatMap(([logicalId, { Type, Properties }]) => {
    if (Type === 'AWS::Lambda::Permission') {
      const { [logicalId]: _, ...others } = template.Resources ?? {};
      const action = 'lambda:InvokeFunction';
      return [
        { stackName, logicalId, action, sid: undefined, apply: () => ({ ...template, Resources: others }) },
      ];
    }
    return statementsIn(Properties ?? {}, []).flatMap(({ path, statement }) => {
      const actions = [statement['Action'] ?? []].flat().map(String);
      const sid = typeof statement['Sid'] === 'string' ? statement['Sid'] : undefined;
      return actions
        .filter((action) => !isAdministration(action, sid))
        .map((action) => ({
          stackName,
          logicalId,
          action,
          sid,
          apply: () => withoutAction(template, logicalId, path, action),
        }));
    });
  });
}

function isAdministration(action: string, sid: string | undefined): boolean {
  return ADMINISTRATION.some((one) => (one.action === undefined ? one.sid === sid : one.action === action));
}

type Path = readonly (string | number)[];

function statementsIn(
  value: Json,
  path: Path,
): readonly { readonly path: Path; readonly statement: Readonly<Record<string, Json>> }[] {
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => statementsIn(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  const members = value as Readonly<Record<string, Json>>;
  if (members['Effect'] === 'Allow') return [{ path, statement: members }];
  return Object.entries(members).flatMap(([name, member]) => statementsIn(member, [...path, name]));
}

function withoutAction(template: Template, logicalId: string, path: Path, action: string): Template {
  const copy = structuredClone(template.Resources?.[logicalId]) as { Properties: Json };
  let parent = copy.Properties as Record<string | number, Json>;
  for (const step of path.slice(0, -1)) parent = parent[step] as Record<string | number, Json>;
  const index = path.at(-1) ?? 0;
  const statement = parent[index] as Record<string, Json>;
  const rest = [statement['Action'] ?? []].flat().filter((one) => one !== action);
  if (rest.length === 0) (parent as unknown as Json[]).splice(Number(index), 1);
  else statement['Action'] = rest;
  return { ...template, Resources: { ...template.Resources, [logicalId]: copy as never } };
}

function describeRemoval({ stackName, logicalId, action, sid }: Removal): string {
  return `${stackName} ${logicalId} ${sid ?? ''} ${action}`;
}
