/**
 * Metric math: expressions over metrics, as alarms and GetMetricData use them.
 * "Using math expressions with CloudWatch metrics", AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
import { validationError } from './errors.ts';
import { FUNCTIONS } from './math-functions.ts';
import { combine, type Grid, type MathValue } from './math-values.ts';

/** A parsed expression. */
export interface Expression {
  /** The ids it refers to; with {@link usesAllMetrics}, all metrics too. */
  readonly references: ReadonlySet<string>;
  readonly usesAllMetrics: boolean;
  evaluate(scope: Scope): MathValue;
}

/** What an expression is evaluated in. */
export interface Scope {
  readonly grid: Grid;
  /** The value of an id. */
  valueOf(id: string): MathValue;
  /** The metrics whose id holds this text, in order: `METRICS()`. */
  metrics(idPart: string): MathValue;
}

type Node = (scope: Scope) => MathValue;

/** @throws AwsError ValidationError */
export function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  const references = new Set<string>();
  let usesAllMetrics = false;

  const refuse = (reason: string) => validationError(`Error in expression '${text}': ${reason}`);

  const expect = (token: string): void => {
    const found = tokens.shift();
    if (found !== token) throw refuse(`expected ${token}, found ${found ?? 'the end'}`);
  };

  /** A level of operators that bind alike, from the left. */
  const level = (operators: readonly string[], next: () => Node) => (): Node => {
    let left = next();
    while (tokens[0] !== undefined && operators.includes(tokens[0].toUpperCase())) {
      const operator = tokens.shift()!.toUpperCase();
      const [a, b] = [left, next()];
      left = (scope) => combine(operator, a(scope), b(scope));
    }
    return left;
  };

  const unary = (): Node => {
    if (tokens[0] !== '-') return power();
    tokens.shift();
    const operand = unary();
    return (scope) => combine('*', -1, operand(scope));
  };
  const power = (): Node => {
    const base = primary();
    if (tokens[0] !== '^') return base;
    tokens.shift();
    const exponent = unary();
    return (scope) => combine('^', base(scope), exponent(scope));
  };
  const product = level(['*', '/'], unary);
  const sum = level(['+', '-'], product);
  const comparison = level(['==', '!=', '<=', '>=', '<', '>'], sum);
  const conjunction = level(['AND', '&&'], comparison);
  const disjunction = level(['OR', '||'], conjunction);

  const listOf = (end: string): Node[] => {
    const items: Node[] = [];
    while (tokens[0] !== end) {
      if (items.length > 0) expect(',');
      items.push(disjunction());
    }
    expect(end);
    return items;
  };

  const primary = (): Node => {
    const token = tokens.shift();
    if (token === undefined) throw refuse('it ends too early');
    if (token === '(') {
      const inner = disjunction();
      expect(')');
      return inner;
    }
    if (token === '[') {
      const items = listOf(']');
      return (scope) => ({ kind: 'list', items: items.flatMap((item) => asItems(item(scope))) });
    }
    if (/^[\d.]/.test(token)) {
      const number = Number(token);
      return () => number;
    }
    if (/^["']/.test(token)) return () => ({ kind: 'text', text: token.slice(1, -1) });
    if (tokens[0] === '(') return call(token.toUpperCase());
    if (token === 'REPEAT' || token === 'LINEAR') return () => ({ kind: 'text', text: token });
    if (!/^[a-z]\w*$/.test(token)) throw refuse(`"${token}" is not the id of a metric`);
    references.add(token);
    return (scope) => scope.valueOf(token);
  };

  const call = (name: string): Node => {
    tokens.shift();
    if (name === 'METRICS') usesAllMetrics = true;
    const parameters = listOf(')');
    const run = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (!run) {
      throw refuse(
        `the embedded CloudWatch does not run ${name}. It runs ${Object.keys(FUNCTIONS).join(', ')}`,
      );
    }
    return (scope) =>
      run(
        parameters.map((parameter) => parameter(scope)),
        scope,
      );
  };

  const node = disjunction();
  if (tokens.length > 0) throw refuse(`"${tokens.join(' ')}" is left over`);
  return {
    references,
    get usesAllMetrics() {
      return usesAllMetrics;
    },
    evaluate: node,
  };
}

function asItems(value: MathValue) {
  if (typeof value === 'object' && value.kind === 'list') return value.items;
  if (typeof value === 'object' && value.kind === 'series') return [value];
  throw validationError('A list in an expression holds metrics only.');
}

const TOKEN =
  /\s*("[^"]*"|'[^']*'|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+|[A-Za-z_]\w*|==|!=|<=|>=|&&|\|\||[-+*/^()[\],<>])/y;

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) {
      throw validationError(`Error in expression '${text}': not understood at "${text.slice(at)}"`);
    }
    tokens.push(token);
  }
  return tokens;
}
