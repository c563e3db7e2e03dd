/** Comparisons in filter patterns of JSON and of columns, and how `&&`, `||` and parentheses join them. */
import { invalidParameter } from './errors.ts';
import { expressionTest, wildcardTest } from './text-tests.ts';

export type Test<Subject> = (subject: Subject) => boolean;

const TOKEN = /\s*(&&|\|\||[()]|!=|<=|>=|=|<|>|"(?:[^"\\]|\\.)*"|%(?:[^%\\]|\\.)*%|[^\s()=!<>&|"%]+)/y;

/** The tokens of a condition; texts keep their quotes. */
export function conditionTokens(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined)
      throw invalidParameter(`Invalid filter pattern: not understood at "${text.slice(at)}".`);
    tokens.push(token);
  }
  return tokens;
}

/** Joins what `comparison` reads from the tokens; `&&` binds closer than `||`. */
export function parseCondition<Subject>(
  tokens: string[],
  comparison: (tokens: string[]) => Test<Subject>,
): Test<Subject> {
  const any = (): Test<Subject> => {
    const tests = [all()];
    while (tokens[0] === '||') {
      tokens.shift();
      tests.push(all());
    }
    return tests.length === 1 ? tests[0]! : (subject) => tests.some((test) => test(subject));
  };
  const all = (): Test<Subject> => {
    const tests = [one()];
    while (tokens[0] === '&&') {
      tokens.shift();
      tests.push(one());
    }
    return tests.length === 1 ? tests[0]! : (subject) => tests.every((test) => test(subject));
  };
  const one = (): Test<Subject> => {
    if (tokens[0] !== '(') return comparison(tokens);
    tokens.shift();
    const inner = any();
    if (tokens.shift() !== ')')
      throw invalidParameter('Invalid filter pattern: a parenthesis is not closed.');
    return inner;
  };
  const condition = any();
  if (tokens.length > 0)
    throw invalidParameter(`Invalid filter pattern: "${tokens.join(' ')}" is left over.`);
  return condition;
}

/** `= 4*`, `!= "x"`, `>= 10`: a test of one value. A value that is absent passes none. */
export function comparisonTest(operator: string, operand: string): Test<string | number | undefined> {
  const quoted = operand.startsWith('"');
  const text = quoted ? operand.slice(1, -1).replace(/\\(.)/g, '$1') : operand;
  const number = quoted || text.trim() === '' ? Number.NaN : Number(text);
  if (operator === '=' || operator === '!=') {
    const equals = equalityTest(operand, text, number);
    return operator === '='
      ? (value) => value !== undefined && equals(value)
      : (value) => value !== undefined && !equals(value);
  }
  if (Number.isNaN(number))
    throw invalidParameter(`Invalid filter pattern: ${operator} takes a number, not ${operand}.`);
  const compare = ORDER[operator];
  if (!compare) throw invalidParameter(`Invalid filter pattern: "${operator}" is not an operator.`);
  return (value) => {
    const given = typeof value === 'number' ? value : Number(value === '' ? undefined : value);
    return !Number.isNaN(given) && compare(given, number);
  };
}

const ORDER: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function equalityTest(operand: string, text: string, number: number): Test<string | number> {
  if (operand.startsWith('%')) {
    const test = expressionTest(operand.slice(1, -1));
    return (value) => test(String(value));
  }
  if (!Number.isNaN(number)) return (value) => Number(value) === number && value !== '';
  const test = wildcardTest(text);
  return (value) => test(String(value));
}
