/** The value at a JSONPath, and a value put at a reference path. */
import { isArray, isObject, member, sameJson, withMember } from '../json.ts';
import type { Json } from '../json.ts';
import { isSingular, parsePath, PathSyntaxError } from './json-path-parser.ts';
import type { Operand, Path, Step, Test } from './json-path-parser.ts';
import { runtimeError } from './state-error.ts';

/** Values that a deep scan or a union may give before the path is refused. */
const MOST_VALUES = 1_000_000;

/**
 * The value at a path that begins with `$`, or undefined when a definite path leads nowhere. A path that can name
 * several places gives a list, which may be empty.
 *
 * @throws StateError `States.Runtime` when the text is no JSONPath.
 */
export function valueAt(text: string, root: Json): Json | undefined {
  if (text === '$') return root;
  return evaluate(parsed(text), root, root);
}

/**
 * `root` with `value` at a reference path; members on the way are made. Undefined when what is on the way is no object
 * or array, or an index lies outside its array.
 */
export function withValueAt(text: string, root: Json, value: Json): Json | undefined {
  const path = parsed(text);
  if (!isReferencePath(path)) return undefined;
  return placed(path.steps, 0, root, value);
}

/** A path that names one place and calls nothing. ASL asks for it in ResultPath and in names of variables. */
export function isReferencePath(path: Path): boolean {
  return path.definite && path.steps.every(({ kind }) => kind !== 'function');
}

function parsed(text: string): Path {
  try {
    return parsePath(text);
  } catch (error) {
    if (error instanceof PathSyntaxError) throw runtimeError(`Invalid path '${text}': ${error.message}`);
    throw error;
  }
}

function placed(steps: readonly Step[], depth: number, at: Json | undefined, value: Json): Json | undefined {
  const step = steps[depth];
  if (step === undefined) return value;
  if (step.kind === 'members') {
    const [name = ''] = step.names;
    if (at !== undefined && at !== null && !isObject(at)) return undefined;
    const object = at ?? {};
    const inner = placed(steps, depth + 1, member(object, name), value);
    return inner === undefined ? undefined : withMember(object, name, inner);
  }
  if (step.kind !== 'indexes' || !isArray(at)) return undefined;
  const [index = 0] = step.indexes;
  if (index < 0 || index >= at.length) return undefined;
  const inner = placed(steps, depth + 1, at[index], value);
  return inner === undefined ? undefined : at.with(index, inner);
}

function evaluate(path: Path, at: Json, root: Json): Json | undefined {
  let values: Json[] = [at];
  let definite = true;
  for (const step of path.steps) {
    if (step.kind === 'function') {
      return applyFunction(step.name, definite ? (values[0] as Json) : values);
    }
    const singular: boolean = definite && isSingular(step);
    const found: Json[] = [];
    for (const value of values) {
      collect(step, value, root, found);
      if (found.length > MOST_VALUES) throw runtimeError('The path names too many values.');
    }
    // As long as a path names one place, that place must be there, even when a wildcard follows.
    if (singular && found.length === 0) return undefined;
    definite = singular;
    values = found;
  }
  return definite ? values[0] : values;
}

function collect(step: Step, value: Json, root: Json, found: Json[]): void {
  switch (step.kind) {
    case 'members':
      if (!isObject(value)) return;
      if (step.names.length === 1) {
        const only = member(value, step.names[0] as string);
        if (only !== undefined) found.push(only);
      } else {
        // A union of names gives an object with those that are there.
        found.push(Object.fromEntries(Object.entries(value).filter(([name]) => step.names.includes(name))));
      }
      return;
    case 'indexes':
      if (!isArray(value)) return;
      for (const index of step.indexes) {
        const item = value.at(index);
        if (item !== undefined) found.push(item);
      }
      return;
    case 'slice':
      if (!isArray(value)) return;
      for (const [index, item] of value.slice(step.start ?? 0, step.end).entries()) {
        if (index % step.stride === 0) found.push(item);
      }
      return;
    case 'wildcard':
      for (const child of children(value)) found.push(child);
      return;
    case 'filter':
      // On an object the filter looks at the object itself, on an array at each item.
      for (const candidate of isArray(value) ? value : isObject(value) ? [value] : []) {
        if (holds(step.test, candidate, root)) found.push(candidate);
      }
      return;
    case 'descendants': {
      // Everything below, with the value itself: without recursion, whatever the depth.
      const waiting: Json[] = [value];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        if (typeof next !== 'object' || next === null) continue;
        found.push(next);
        for (const child of children(next).toReversed()) waiting.push(child);
      }
      return;
    }
    case 'function':
      return;
  }
}

function children(value: Json): readonly Json[] {
  if (isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function holds(test: Test, at: Json, root: Json): boolean {
  if (test.kind === 'compare') return compares(test.operator, test.left, test.right, at, root);
  if (test.kind === 'exists') return operandExists(test.operand, at, root);
  if (test.kind === 'not') return !holds(test.test, at, root);
  if (test.kind === 'or') return test.tests.some((each) => holds(each, at, root));
  return test.tests.every((each) => holds(each, at, root));
}

function operandExists(operand: Operand, at: Json, root: Json): boolean {
  if (operand.kind !== 'path') return operand.kind === 'literal' && operand.value === true;
  const value = operandValue(operand, at, root);
  return value !== undefined && (operand.path.definite || (isArray(value) && value.length > 0));
}

function operandValue(operand: Operand, at: Json, root: Json): Json | undefined {
  if (operand.kind === 'literal') return operand.value;
  if (operand.kind === 'pattern') return undefined;
  return evaluate(operand.path, operand.from === '@' ? at : root, root);
}

function compares(operator: string, left: Operand, right: Operand, at: Json, root: Json): boolean {
  const value = operandValue(left, at, root);
  if (operator === '=~') {
    return right.kind === 'pattern' && typeof value === 'string' && right.expression.test(value);
  }
  const other = operandValue(right, at, root);
  const same = value !== undefined && other !== undefined && sameJson(value, other);
  if (operator === '==') return same;
  if (operator === '!=') return !same;
  if (operator === 'in' || operator === 'nin') {
    const among =
      value !== undefined && isArray(other) && other.some((candidate) => sameJson(candidate, value));
    return operator === 'in' ? among : !among;
  }
  const order = orderOf(value, other);
  if (order === undefined) return false;
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

/** Numbers by value, texts by code unit; anything else has no order. */
function orderOf(left: Json | undefined, right: Json | undefined): number | undefined {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left !== 'string' || typeof right !== 'string') return undefined;
  return left < right ? -1 : left > right ? 1 : 0;
}

function applyFunction(name: string, value: Json): Json | undefined {
  if (name === 'length') {
    if (isArray(value) || typeof value === 'string') return value.length;
    return isObject(value) ? Object.keys(value).length : undefined;
  }
  if (name === 'keys') return isObject(value) ? Object.keys(value) : undefined;
  if (!isArray(value)) return undefined;
  const numbers = value.filter((item): item is number => typeof item === 'number');
  if (numbers.length === 0) return undefined;
  const sum = numbers.reduce((total, number) => total + number, 0);
  if (name === 'sum') return sum;
  if (name === 'avg') return sum / numbers.length;
  const best = name === 'min' ? Math.min : Math.max;
  return numbers.reduce((left, right) => best(left, right));
}
