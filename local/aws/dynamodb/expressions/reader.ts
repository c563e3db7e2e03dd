/** What the parsers of all expressions share: walking over tokens, paths, placeholders, and which error comes first. */
import type { AttributeValue } from '../model.ts';
import type { Path } from './path.ts';
import { isReservedWord } from './reserved-words.ts';
import type { Scope } from './scope.ts';
import { ExpressionError, syntaxError, tokensOf, type Token } from './tokens.ts';

export interface Reader {
  readonly peek: () => Token;
  next(): Token;
  /** True, and past it, when the next token is this symbol. */
  takes(symbol: string): boolean;
  /** True, and past it, when the next token is this word in any case. */
  takesWord(word: string): boolean;
  expect(symbol: string): void;
  /** The error for the next token. */
  unexpected(): ExpressionError;
  /** The name of a function and past its opening parenthesis, when that is what comes next. */
  functionName(): string | undefined;
  path(): Path;
  value(): AttributeValue | undefined;
  /** Notes an error; the syntax is checked to the end first, and of several the lowest rank is thrown. */
  report(rank: number, message: string): void;
  /** Throws the most important error that was noted. */
  finish(): void;
}

export interface Ranks {
  readonly reserved: number;
  readonly name: number;
  readonly value: number;
}

export function createReader(expression: string, scope: Scope, ranks: Ranks): Reader {
  const tokens = tokensOf(expression);
  const errors = new Map<number, string>();
  let at = 0;

  const peek = (): Token => tokens[at] as Token;
  const reader: Reader = {
    peek,
    next: () => tokens[at++] as Token,
    takes(symbol) {
      const token = peek();
      if (token.kind !== 'symbol' || token.text !== symbol) return false;
      at++;
      return true;
    },
    takesWord(word) {
      const token = peek();
      if (token.kind !== 'word' || token.text.toUpperCase() !== word) return false;
      at++;
      return true;
    },
    expect(symbol) {
      if (!reader.takes(symbol)) throw reader.unexpected();
    },
    unexpected: () => syntaxError(expression, tokens, at),
    functionName() {
      const [token, following] = [peek(), tokens[at + 1]];
      if (token.kind !== 'word' || following?.text !== '(') return undefined;
      at += 2;
      return token.text;
    },
    path() {
      const path: (string | number)[] = [step()];
      for (;;) {
        if (reader.takes('.')) path.push(step());
        else if (reader.takes('[')) {
          if (peek().kind !== 'number') throw reader.unexpected();
          path.push(Number(reader.next().text));
          reader.expect(']');
        } else return path;
      }
    },
    value() {
      if (peek().kind !== 'value') throw reader.unexpected();
      const { text } = reader.next();
      const value = scope.value(text);
      if (value === undefined) {
        reader.report(
          ranks.value,
          `An expression attribute value used in expression is not defined; attribute value: ${text}`,
        );
      }
      return value;
    },
    report(rank, message) {
      if (!errors.has(rank)) errors.set(rank, message);
    },
    finish() {
      if (errors.size > 0) throw new ExpressionError(errors.get(Math.min(...errors.keys())));
    },
  };

  function step(): string {
    const token = peek();
    if (token.kind === 'name') {
      at++;
      const name = scope.name(token.text);
      if (name === undefined) {
        reader.report(
          ranks.name,
          `An expression attribute name used in the document path is not defined; attribute name: ${token.text}`,
        );
      }
      return name ?? token.text;
    }
    if (token.kind !== 'word') throw reader.unexpected();
    at++;
    if (isReservedWord(token.text)) {
      reader.report(ranks.reserved, `Attribute name is a reserved keyword; reserved keyword: ${token.text}`);
    }
    return token.text;
  }
  return reader;
}
