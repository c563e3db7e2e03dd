/**
 * The condition operators of policies.
 * IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
import type { ConditionKeys } from './condition-keys.ts';
import { arnPattern, textPattern, type TextPattern } from './glob.ts';
import { inRange } from './ip-range.ts';

/** True when the request fits. */
export type Condition = (keys: ConditionKeys) => boolean;

/** The conditions of a statement: all of them must hold. Throws for an operator that does not exist. */
export function readConditions(block: unknown, variables: boolean): readonly Condition[] {
  if (typeof block !== 'object' || block === null) return [];
  return Object.entries(block).flatMap(([operator, tests]) =>
    Object.entries((tests ?? {}) as object).map(([key, wanted]) =>
      readCondition(operator, key.toLowerCase(), texts(wanted), variables),
    ),
  );
}

/** Makes the test of one policy value. */
type ReadValue = (wanted: string, variables: boolean) => TextPattern;

interface Operator {
  readonly read: ReadValue;
  /** `StringNotEquals` and the like: the request fits when no value does. */
  readonly negated?: boolean;
}

const string: ReadValue = (wanted, variables) => textPattern(wanted, { wildcards: false, variables });
const stringIgnoringCase: ReadValue = (wanted, variables) =>
  textPattern(wanted, { wildcards: false, ignoreCase: true, variables });
const stringLike: ReadValue = (wanted, variables) => textPattern(wanted, { variables });
const arn: ReadValue = (wanted, variables) => arnPattern(wanted, variables ? 'everywhere' : 'nowhere');

const OPERATORS: Readonly<Record<string, Operator>> = {
  stringequals: { read: string },
  stringnotequals: { read: string, negated: true },
  stringequalsignorecase: { read: stringIgnoringCase },
  stringnotequalsignorecase: { read: stringIgnoringCase, negated: true },
  stringlike: { read: stringLike },
  stringnotlike: { read: stringLike, negated: true },
  arnequals: { read: arn },
  arnlike: { read: arn },
  arnnotequals: { read: arn, negated: true },
  arnnotlike: { read: arn, negated: true },
  bool: { read: stringIgnoringCase },
  binaryequals: { read: string },
  ipaddress: { read: (wanted) => (text) => inRange(text, wanted) },
  notipaddress: { read: (wanted) => (text) => inRange(text, wanted), negated: true },
  ...comparisons('numeric', Number),
  ...comparisons('date', milliseconds),
};

function comparisons(kind: string, read: (text: string) => number): Record<string, Operator> {
  const comparing =
    (holds: (given: number, wanted: number) => boolean): ReadValue =>
    (wanted) => {
      const limit = read(wanted);
      return (text) => holds(read(text), limit);
    };
  return {
    [`${kind}equals`]: { read: comparing((given, wanted) => given === wanted) },
    [`${kind}notequals`]: { read: comparing((given, wanted) => given === wanted), negated: true },
    [`${kind}lessthan`]: { read: comparing((given, wanted) => given < wanted) },
    [`${kind}lessthanequals`]: { read: comparing((given, wanted) => given <= wanted) },
    [`${kind}greaterthan`]: { read: comparing((given, wanted) => given > wanted) },
    [`${kind}greaterthanequals`]: { read: comparing((given, wanted) => given >= wanted) },
  };
}

/** ISO 8601, or seconds since the epoch. */
function milliseconds(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

const SUFFIX = 'ifexists';

function readCondition(name: string, key: string, wanted: readonly string[], variables: boolean): Condition {
  const [, qualifier, rest = ''] = /^(?:(forallvalues|foranyvalue):)?(.+)$/.exec(name.toLowerCase()) ?? [];
  if (rest === 'null') {
    const shouldBeAbsent = wanted.map((value) => value.toLowerCase() === 'true');
    return (keys) => shouldBeAbsent.includes((keys.get(key)?.length ?? 0) === 0);
  }
  const ifExists = rest.endsWith(SUFFIX);
  const operator = OPERATORS[ifExists ? rest.slice(0, -SUFFIX.length) : rest];
  if (operator === undefined) throw new Error(`the condition operator ${name} does not exist`);
  const { negated = false } = operator;
  const patterns = wanted.map((value) => operator.read(value, variables));
  return (keys) => {
    const values = keys.get(key) ?? [];
    const fits = (value: string): boolean => {
      const results = patterns.map((matches) => matches(value, keys));
      // A variable without a value makes the test fail, whichever way it asks.
      return negated ? results.every((result) => result === false) : results.includes(true);
    };
    if (values.length === 0) return qualifier === 'forallvalues' || ifExists || (negated && !qualifier);
    if (qualifier === 'forallvalues') return values.every(fits);
    if (qualifier === 'foranyvalue') return values.some(fits);
    // A key of several values needs one of the two qualifiers.
    return values.length === 1 && values.every(fits);
  };
}

function texts(value: unknown): readonly string[] {
  return [value].flat().map(String);
}
