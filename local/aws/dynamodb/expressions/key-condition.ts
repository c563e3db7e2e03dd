/**
 * What a KeyConditionExpression says about the partition key and the sort key.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
 */
import { own, sortableKey } from '../compare.ts';
import { invalidParameters, validationError } from '../errors.ts';
import type { AttributeValue, KeyAttribute, KeySchema } from '../model.ts';
import type { Condition, Operand } from './condition-parser.ts';

export interface KeyCondition {
  /** The value of the partition key. */
  readonly hash: AttributeValue;
  /** Is a sort key, in its sortable form, below or above what the condition asks for? */
  readonly isBelow: (sort: string) => boolean;
  readonly isAbove: (sort: string) => boolean;
}

type Operator = '=' | '<' | '<=' | '>' | '>=' | 'between' | 'begins_with';

interface Test {
  readonly operator: Operator;
  readonly values: readonly AttributeValue[];
}

const MIRRORED: Readonly<Record<string, Operator>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

export function readKeyCondition(condition: Condition, schema: KeySchema): KeyCondition {
  const tests = new Map<string, Test>();
  collect(condition, tests);
  const hash = tests.get(schema.hash.name);
  const range = schema.range && tests.get(schema.range.name);
  const known = (hash ? 1 : 0) + (range ? 1 : 0);
  if (tests.size > 2) throw validationError('Conditions can be of length 1 or 2 only');
  if (hash === undefined) {
    throw validationError(`Query condition missed key schema element: ${schema.hash.name}`);
  }
  if (tests.size > known) {
    throw validationError(
      schema.range
        ? `Query condition missed key schema element: ${schema.range.name}`
        : 'Query key condition not supported',
    );
  }
  if (hash.operator !== '=') throw validationError('Query key condition not supported');
  checkValues(schema.hash, hash);
  if (range === undefined || schema.range === undefined) {
    return { hash: hash.values[0] ?? {}, isBelow: () => false, isAbove: () => false };
  }
  checkValues(schema.range, range);
  return { hash: hash.values[0] ?? {}, ...bounds(range) };
}

function bounds({ operator, values }: Test): Pick<KeyCondition, 'isBelow' | 'isAbove'> {
  const low = sortableKey(values[0] ?? {});
  const high = sortableKey(values[1] ?? values[0] ?? {});
  const never = () => false;
  const below = (sort: string) => sort < low;
  const above = (sort: string) => sort > high;
  switch (operator) {
    case '=':
    case 'between':
      return { isBelow: below, isAbove: above };
    case '<':
      return { isBelow: never, isAbove: (sort) => sort >= low };
    case '<=':
      return { isBelow: never, isAbove: above };
    case '>':
      return { isBelow: (sort) => sort <= low, isAbove: never };
    case '>=':
      return { isBelow: below, isAbove: never };
    case 'begins_with':
    default:
      return { isBelow: below, isAbove: (sort) => sort > low && !sort.startsWith(low) };
  }
}

function checkValues({ type }: KeyAttribute, { operator, values }: Test): void {
  for (const value of values) {
    if (own(value as Readonly<Record<string, unknown>>, type) === undefined) {
      throw invalidParameters('Condition parameter type does not match schema type');
    }
    if ((value.S === '' || value.B === '') && operator !== 'begins_with') {
      throw validationError(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${value.S === '' ? 'string' : 'binary'} value.`,
      );
    }
  }
}

function collect(condition: Condition, tests: Map<string, Test>): void {
  switch (condition.kind) {
    case 'and':
      collect(condition.left, tests);
      collect(condition.right, tests);
      return;
    case 'or':
    case 'not':
    case 'in':
      throw invalidOperator(condition.kind.toUpperCase());
    case 'compare': {
      if (condition.comparator === '<>') throw invalidOperator('<>');
      const turned = condition.left.kind !== 'path';
      const [attribute, value] = turned
        ? [condition.right, condition.left]
        : [condition.left, condition.right];
      const operator = turned ? MIRRORED[condition.comparator] : condition.comparator;
      add(tests, attribute, operator ?? '=', [value]);
      return;
    }
    case 'between':
      requireKeyFirst(condition.operand, 'BETWEEN');
      add(tests, condition.operand, 'between', [condition.lower, condition.upper]);
      return;
    case 'function': {
      if (condition.name !== 'begins_with') throw invalidOperator(condition.name);
      const [attribute, prefix] = condition.arguments;
      if (attribute === undefined || prefix === undefined) throw invalidOperator(condition.name);
      requireKeyFirst(attribute, 'begins_with');
      add(tests, attribute, 'begins_with', [prefix]);
    }
  }
}

function add(
  tests: Map<string, Test>,
  attribute: Operand,
  operator: Operator,
  operands: readonly Operand[],
): void {
  if ([attribute, ...operands].some(({ kind }) => kind === 'function')) {
    throw validationError('KeyConditionExpressions cannot contain nested operations');
  }
  if (operands.some(({ kind }) => kind === 'path')) {
    throw validationError(
      'Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition',
    );
  }
  if (attribute.kind !== 'path') {
    throw validationError('Invalid condition in KeyConditionExpression: No key attribute specified');
  }
  if (attribute.path.length > 1) {
    throw validationError('KeyConditionExpressions cannot have conditions on nested attributes');
  }
  const name = String(attribute.path[0]);
  if (tests.has(name)) {
    throw validationError('KeyConditionExpressions must only contain one condition per key');
  }
  const values = operands.flatMap((operand) =>
    operand.kind === 'value' && operand.value ? [operand.value] : [],
  );
  tests.set(name, { operator, values });
}

function requireKeyFirst(operand: Operand, operator: string): void {
  if (operand.kind === 'path' || operand.kind === 'function') return;
  throw validationError(
    `Invalid condition in KeyConditionExpression: ${operator} operator must have the key attribute as its first operand`,
  );
}

function invalidOperator(operator: string) {
  return validationError(`Invalid operator used in KeyConditionExpression: ${operator}`);
}
