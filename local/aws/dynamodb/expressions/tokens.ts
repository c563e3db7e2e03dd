/** Cuts an expression into tokens, and says where one is wrong as AWS does. */

export type TokenKind = 'word' | 'name' | 'value' | 'number' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Where it starts and ends in the expression. */
  readonly start: number;
  readonly end: number;
}

/** What is wrong with an expression; the caller puts `Invalid ConditionExpression: ` or the like before it. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly code = 'ExpressionError';
}

const TOKEN = /\s*(?:([A-Za-z_]\w*)|(#\w+)|(:\w+)|(\d+)|(<>|<=|>=|[=<>()[\],.+-]))/y;
const KINDS: readonly TokenKind[] = ['word', 'name', 'value', 'number', 'symbol'];

/** Expressions are few and come again and again: their tokens are kept, up to so many expressions. */
const KEPT_EXPRESSIONS = 1000;
const kept = new Map<string, readonly Token[]>();

/** The tokens of an expression, the end as the last one. Throws an {@link ExpressionError}. */
export function tokensOf(expression: string): readonly Token[] {
  const known = kept.get(expression);
  if (known) return known;
  const tokens = tokenize(expression);
  if (kept.size >= KEPT_EXPRESSIONS) kept.clear();
  kept.set(expression, tokens);
  return tokens;
}

function tokenize(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = expression.trimEnd().length;
  if (end === 0) throw new ExpressionError('The expression can not be empty;');
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(expression);
    if (match === null) {
      const start = from + (expression.slice(from).length - expression.slice(from).trimStart().length);
      const wrong: Token = { kind: 'symbol', text: expression[start] ?? '', start, end: start + 1 };
      throw syntaxError(expression, [...tokens, wrong], tokens.length);
    }
    const group = KINDS.findIndex((_, index) => match[index + 1] !== undefined);
    const text = match[group + 1] ?? '';
    tokens.push({
      kind: KINDS[group] ?? 'symbol',
      text,
      start: TOKEN.lastIndex - text.length,
      end: TOKEN.lastIndex,
    });
  }
  tokens.push({ kind: 'end', text: '<EOF>', start: end, end });
  return tokens;
}

/** `Syntax error; token: "=", near: "a = ="`: the token with its neighbours, as they are written. */
export function syntaxError(expression: string, tokens: readonly Token[], at: number): ExpressionError {
  const token = tokens[at];
  const near = expression.slice(tokens[Math.max(0, at - 1)]?.start, tokens[at + 1]?.end ?? token?.end).trim();
  return new ExpressionError(`Syntax error; token: "${token?.text}", near: "${near}"`);
}
