/** Policy documents, read once into the form that is evaluated. */
import type { ConditionKeys } from './condition-keys.ts';
import { readConditions, type Condition } from './conditions.ts';
import { arnPattern, textPattern } from './glob.ts';
import { readPrincipals, type PrincipalElement } from './principals.ts';

/** A policy that can be evaluated. */
export interface Policy {
  readonly statements: readonly Statement[];
  /** True when a condition looks at the time, so that an answer does not last. */
  readonly dependsOnTime: boolean;
}

export interface Statement {
  readonly sid: string | undefined;
  readonly allows: boolean;
  /** Absent in identity policies, which are about whoever has them. */
  readonly principals: PrincipalElement | undefined;
  readonly conditions: readonly Condition[];
  coversAction(action: string): boolean;
  /** True for statements without a Resource, as those of trust policies. */
  coversResource(arn: string, keys: ConditionKeys): boolean;
}

/** Policy variables came with this version; in older policies `${...}` stands for itself. */
const VERSION_WITH_VARIABLES = '2012-10-17';
const TIME_KEYS = /aws:(CurrentTime|EpochTime|TokenIssueTime)/i;
const NO_KEYS: ConditionKeys = new Map();

/** Documents that were read before, by their text. A policy changes by being replaced. */
const read = new Map<string, Policy>();
/** More than the policies of a large application; then everything is read anew. */
const MAXIMUM_KEPT = 5_000;

/** Reads a policy, given as JSON text or as document. Throws an Error that names what it can't read. */
export function readPolicy(document: unknown): Policy {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const known = read.get(text);
  if (known !== undefined) return known;
  const policy = parsePolicy(text);
  if (read.size >= MAXIMUM_KEPT) read.clear();
  read.set(text, policy);
  return policy;
}

function parsePolicy(text: string): Policy {
  const { Version: version, Statement: statements } = JSON.parse(text) as {
    readonly Version?: string;
    readonly Statement?: unknown;
  };
  const variables = version === VERSION_WITH_VARIABLES;
  return {
    statements: [statements ?? []].flat().map((statement) => readStatement(statement, variables)),
    dependsOnTime: TIME_KEYS.test(text),
  };
}

function readStatement(statement: unknown, variables: boolean): Statement {
  const members = statement as Readonly<Record<string, unknown>>;
  const sid = typeof members['Sid'] === 'string' ? members['Sid'] : undefined;
  const actions = texts(members['Action'] ?? members['NotAction'] ?? []).map((action) =>
    textPattern(action, { ignoreCase: true, variables: false }),
  );
  const isNotAction = members['NotAction'] !== undefined;
  const named = members['Resource'] ?? members['NotResource'];
  const where = variables ? 'in the resource' : 'nowhere';
  const resources = named === undefined ? undefined : texts(named).map((arn) => arnPattern(arn, where));
  const isNotResource = members['NotResource'] !== undefined;
  const notPrincipal = members['NotPrincipal'];
  const principal = notPrincipal ?? members['Principal'];
  return {
    sid,
    allows: members['Effect'] === 'Allow',
    principals: principal === undefined ? undefined : readPrincipals(principal, notPrincipal !== undefined),
    conditions: readConditions(members['Condition'], variables),
    coversAction: (action) => actions.some((matches) => matches(action, NO_KEYS)) !== isNotAction,
    coversResource(arn, keys) {
      if (resources === undefined) return true;
      if (!isNotResource) return resources.some((matches) => matches(arn, keys));
      // What a variable without a value leaves out is not known: the statement is about nothing.
      return resources.every((matches) => matches(arn, keys) === false);
    },
  };
}

function texts(value: unknown): readonly string[] {
  return [value].flat().map(String);
}
