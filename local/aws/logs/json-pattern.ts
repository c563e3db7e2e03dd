/** Patterns for events that are JSON: `{ $.level = "ERROR" && $.latency > 100 }`. */
import { comparisonTest, conditionTokens, parseCondition, type Test } from './condition.ts';
import { invalidParameter } from './errors.ts';
import type { FilterPattern } from './model.ts';

export function jsonPattern(text: string): FilterPattern {
  if (!text.endsWith('}')) throw invalidParameter('Invalid filter pattern: the closing brace is missing.');
  const matches = parseCondition(conditionTokens(text.slice(1, -1)), comparison);
  return {
    matches(message) {
      const event = parsed(message);
      return event !== undefined && matches(event);
    },
    valueOf(message, reference) {
      if (!reference.startsWith('$')) return undefined;
      const event = parsed(message);
      const [value] = event === undefined ? [] : selected(event, selector(reference));
      return typeof value === 'number' || typeof value === 'string'
        ? value
        : typeof value === 'boolean'
          ? String(value)
          : undefined;
    },
  };
}

function comparison(tokens: string[]): Test<object> {
  const name = tokens.shift() ?? '';
  if (!name.startsWith('$'))
    throw invalidParameter(`Invalid filter pattern: "${name}" is not a property selector such as $.level.`);
  // `$["a b"]` comes in pieces, because texts are tokens of their own.
  let path = name;
  while (path.endsWith('[') || (tokens[0]?.startsWith(']') ?? false)) path += tokens.shift() ?? ']';
  const steps = selector(path);
  const operator = tokens.shift()?.toUpperCase() ?? '';
  if (operator === 'IS') {
    const wanted = tokens.shift()?.toUpperCase() ?? '';
    if (!IS.has(wanted)) throw invalidParameter('Invalid filter pattern: IS takes NULL, TRUE or FALSE.');
    const constant = IS.get(wanted);
    return (event) => selected(event, steps).some((value) => value === constant);
  }
  if (operator === 'NOT') {
    if (tokens.shift()?.toUpperCase() !== 'EXISTS')
      throw invalidParameter('Invalid filter pattern: NOT takes EXISTS.');
    return (event) => selected(event, steps).length === 0;
  }
  const operand = tokens.shift();
  if (operand === undefined)
    throw invalidParameter(`Invalid filter pattern: ${path} is compared with nothing.`);
  const test = comparisonTest(operator, operand);
  return (event) =>
    selected(event, steps).some((value) =>
      typeof value === 'string' || typeof value === 'number'
        ? test(value)
        : typeof value === 'boolean' && test(String(value)),
    );
}

const IS: ReadonlyMap<string, boolean | null> = new Map([
  ['NULL', null],
  ['TRUE', true],
  ['FALSE', false],
]);

/** A member's name, an index, or `*` for all of them. */
type Step = string | number;

/** `$.a.b[0].c`, `$["a b"]`, `$.list[*]` as steps. */
function selector(path: string): readonly Step[] {
  const steps: Step[] = [];
  const rest = path
    .slice(1)
    .replaceAll(/\.?([\w-]+|\*)|\[(\d+|\*)\]|\["([^"]*)"\]/g, (_, name, index, quoted) => {
      if (index !== undefined) steps.push(index === '*' ? '*' : Number(index));
      else steps.push((quoted ?? name) as string);
      return '';
    });
  if (rest !== '') throw invalidParameter(`Invalid filter pattern: "${path}" is not a property selector.`);
  return steps;
}

/** The values a selector finds; several with `*`. */
function selected(event: unknown, steps: readonly Step[]): unknown[] {
  let values: unknown[] = [event];
  for (const step of steps) {
    values = values.flatMap((value) => {
      if (typeof value !== 'object' || value === null) return [];
      if (step === '*') return Object.values(value);
      const key = String(step);
      return Object.hasOwn(value, key) ? [(value as Record<string, unknown>)[key]] : [];
    });
  }
  return values;
}

function parsed(message: string): object | undefined {
  if (!/^\s*[{[]/.test(message)) return undefined;
  try {
    return JSON.parse(message) as object;
  } catch {
    return undefined;
  }
}
