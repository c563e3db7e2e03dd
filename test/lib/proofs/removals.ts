/** Assemblies with one action less: what a policy allows is taken away, action by action, to see who misses it. */
import { messagingOf } from '../../../lib/assembly/index.ts';
import type { Assembly, Json, Resource, Template } from '../../../lib/assembly/index.ts';
import { needsOf } from '../../../lib/access/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import { unmetNeeds } from '../../../lib/proofs/prove-privilege.ts';

/** Statements with which an account administers what is its own: CloudFormation needs them, messages do not. */
const ADMINISTRATION = [
  /** The default policy of every key, without which nobody could ever change it. */
  { action: /^kms:\*$/, sid: undefined },
  /** What SNS lets the owner of a topic do by default, and a policy replaces. */
  { action: undefined, sid: 'OwnerAccount' },
  /** Traces are for people to look at. */
  { action: /^xray:/, sid: undefined },
] as const;

export interface Removal {
  readonly stackName: string;
  readonly logicalId: string;
  readonly action: string;
  readonly sid: string | undefined;
  /** The resources without the action: the changed one, or none where nothing is left of it. */
  apply(resource: Resource): Resource | undefined;
}

/** Whether something that is needed is refused without the action. */
export function isNoticed(assembly: Assembly, removal: Removal): boolean {
  const without = assemblyWithout(assembly, removal);
  const messaging = messagingOf(without);
  // The needs of that action tell nearly all; they are decided in a fraction of the time that all proofs take.
  const matching = new RegExp(`^${removal.action.replaceAll('*', '.*')}$`);
  const needs = needsOf(messaging).filter(({ permission }) => matching.test(permission.action));
  return (
    unmetNeeds(messaging, needs).length > 0 || proveAssembly(without).some(({ breaks }) => breaks.length > 0)
  );
}

/** A policy has no part in what any other resource resolves to: the others stay as they are, and are not resolved again. */
function assemblyWithout(assembly: Assembly, { stackName, apply }: Removal): Assembly {
  const changed = new Map(
    assembly.resources
      .filter(({ stack }) => stack.stackName === stackName)
      .map((resource) => [resource, apply(resource)] as const)
      .filter(([before, after]) => before !== after),
  );
  if (changed.size === 0) throw new Error(`nothing in ${stackName} changes`);
  const present = (resource: Resource): readonly Resource[] => {
    const after = changed.has(resource) ? changed.get(resource) : resource;
    return after === undefined ? [] : [after];
  };
  return {
    ...assembly,
    resources: assembly.resources.flatMap(present),
    ofType: (...types) => assembly.ofType(...types).flatMap(present),
    find(arn) {
      const found = assembly.find(arn);
      return found === undefined ? undefined : present(found)[0];
    },
  };
}

/** Each action of each Allow statement, wherever a document stands in a resource; and each permission of a function. */
export function removalsOf(assembly: Assembly): readonly Removal[] {
  return assembly.stacks.flatMap(({ stackName, template }) => removalsIn(stackName, template));
}

function removalsIn(stackName: string, template: Template): readonly Removal[] {
  const resources = Object.entries(template.Resources ?? {});
  return resources.flatMap(([logicalId, { Type, Properties }]): readonly Removal[] => {
    if (Type === 'AWS::Lambda::Permission') {
      // Two methods of one path have a permission each, which say the same: an HTTP API's ARNs in them have no method.
      const same = JSON.stringify(Properties);
      const alike = new Set(
        resources
          .filter(([, other]) => other.Type === Type && JSON.stringify(other.Properties) === same)
          .map(([id]) => id),
      );
      const action = 'lambda:InvokeFunction';
      const apply = (resource: Resource) => (alike.has(resource.logicalId) ? undefined : resource);
      return [{ stackName, logicalId, action, sid: undefined, apply }];
    }
    const statements = statementsIn(Properties ?? {}, []);
    return statements.flatMap(({ path, statement }) => {
      const sid = typeof statement['Sid'] === 'string' ? statement['Sid'] : undefined;
      return actionsOf(statement)
        .filter((action) => !isAdministration(action, sid))
        .filter((action) => !statements.some(({ statement: other }) => isWithin(action, statement, other)))
        .map((action) => ({
          stackName,
          logicalId,
          action,
          sid,
          apply: (resource) =>
            resource.logicalId === logicalId ? withoutAction(resource, path, action) : resource,
        }));
    });
  });
}

function actionsOf(statement: Statement): readonly string[] {
  return [statement['Action'] ?? []].flat().map(String);
}

/**
 * Whether another statement of the document allows the action as well, to everybody whom this one allows it. A key has
 * such: what a bus does with it, its archive does too.
 */
function isWithin(action: string, statement: Statement, other: Statement): boolean {
  const same = (part: string) => JSON.stringify(statement[part]) === JSON.stringify(other[part]);
  return (
    statement !== other &&
    actionsOf(other).includes(action) &&
    same('Principal') &&
    includesAll(other['Resource'], statement['Resource']) &&
    (other['Condition'] === undefined ||
      (!same('Condition') && holdsWherever(other['Condition'], statement['Condition'])))
  );
}

/** Whether a condition holds in every request in which the other one does: it names the same keys, and more values. */
function holdsWherever(wide: Json, narrow: Json | undefined): boolean {
  const operators = Object.entries(wide as Readonly<Record<string, Readonly<Record<string, Json>>>>);
  const given = (narrow ?? {}) as Readonly<Record<string, Readonly<Record<string, Json>>>>;
  return operators.every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => includesAll(values, given[operator]?.[key])),
  );
}

function includesAll(wide: Json | undefined, narrow: Json | undefined): boolean {
  const known = new Set([wide ?? []].flat().map((value) => JSON.stringify(value)));
  return narrow !== undefined && [narrow].flat().every((value) => known.has(JSON.stringify(value)));
}

function isAdministration(action: string, sid: string | undefined): boolean {
  return ADMINISTRATION.some((one) => (one.action === undefined ? one.sid === sid : one.action.test(action)));
}

type Path = readonly (string | number)[];
type Statement = Readonly<Record<string, Json>>;

function statementsIn(
  value: Json,
  path: Path,
): readonly { readonly path: Path; readonly statement: Statement }[] {
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => statementsIn(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  const members = value as Readonly<Record<string, Json>>;
  if (members['Effect'] === 'Allow') return [{ path, statement: members }];
  return Object.entries(members).flatMap(([name, member]) => statementsIn(member, [...path, name]));
}

function withoutAction(resource: Resource, path: Path, action: string): Resource {
  const properties = structuredClone(resource.properties) as Record<string | number, Json>;
  let parent = properties;
  for (const step of path.slice(0, -1)) parent = parent[step] as Record<string | number, Json>;
  const index = path.at(-1) ?? 0;
  const statement = parent[index] as Record<string, Json>;
  const actions = actionsOf(statement);
  const rest = actions.filter((one) => one !== action);
  if (rest.length === actions.length)
    throw new Error(`${resource.logicalId} has no ${action} at ${path.join('.')}`);
  if (rest.length === 0) (parent as unknown as Json[]).splice(Number(index), 1);
  else statement['Action'] = rest;
  return { ...resource, properties };
}

export function describeRemoval({ stackName, logicalId, action, sid }: Removal): string {
  return `${stackName} ${logicalId} ${sid ?? ''} ${action}`;
}
