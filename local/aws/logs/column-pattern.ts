/** Patterns for events that are columns between spaces: `[ip, user, ..., status = 4*, bytes > 1000]`. */
import { comparisonTest, conditionTokens, parseCondition, type Test } from './condition.ts';
import { invalidParameter } from './errors.ts';
import type { FilterPattern } from './model.ts';

interface Column {
  readonly name: string;
  readonly test: Test<string> | undefined;
}

/** Stands for any number of columns. */
const ELLIPSIS = '...';

export function columnPattern(text: string): FilterPattern {
  if (!text.endsWith(']')) throw invalidParameter('Invalid filter pattern: the closing bracket is missing.');
  const columns = text
    .slice(1, -1)
    .split(',')
    .map((column) => parseColumn(column.trim()));
  const gap = columns.findIndex(({ name }) => name === ELLIPSIS);

  /** The values by column, or undefined when their number does not fit. */
  const assigned = (message: string): readonly (readonly [Column, string])[] | undefined => {
    const values = split(message);
    if (gap < 0) {
      return values.length === columns.length
        ? columns.map((column, index) => [column, values[index]!] as const)
        : undefined;
    }
    const after = columns.length - gap - 1;
    if (values.length < gap + after) return undefined;
    const first = columns.slice(0, gap).map((column, index) => [column, values[index]!] as const);
    const last = columns
      .slice(gap + 1)
      .map((column, index) => [column, values[values.length - after + index]!] as const);
    return [...first, ...last];
  };

  return {
    matches: (message) =>
      assigned(message)?.every(([column, value]) => column.test?.(value) ?? true) ?? false,
    valueOf: (message, reference) =>
      assigned(message)?.find(([column]) => `$${column.name}` === reference)?.[1],
  };
}

function parseColumn(text: string): Column {
  const name = /^(\.\.\.|[\w-]*)/.exec(text)?.[1] ?? '';
  const rest = text.slice(name.length).trim();
  if (rest === '') return { name, test: undefined };
  // `w1 = ERROR || w1 = WARN`: the name is repeated in each comparison.
  const test = parseCondition<string>(conditionTokens(text), (tokens) => {
    tokens.shift();
    const operator = tokens.shift() ?? '';
    const operand = tokens.shift();
    if (operand === undefined)
      throw invalidParameter(`Invalid filter pattern: "${text}" compares with nothing.`);
    return comparisonTest(operator, operand);
  });
  return { name, test };
}

/** Columns are parted by spaces; what is in double quotes or in square brackets is one. */
function split(message: string): string[] {
  return [...message.matchAll(/"([^"]*)"|\[([^\]]*)\]|(\S+)/g)].map(
    ([, quoted, bracketed, plain]) => quoted ?? bracketed ?? plain ?? '',
  );
}
