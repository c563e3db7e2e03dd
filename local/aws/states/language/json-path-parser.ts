/**
 * JSONPath as Step Functions reads it (the dialect of Jayway's library): members, indexes, slices, wildcards, unions,
 * deep scan, filters, and a few functions at the end of a path.
 * https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
 */
import type { Json } from '../json.ts';

export type Step =
  | { readonly kind: 'members'; readonly names: readonly string[] }
  | { readonly kind: 'indexes'; readonly indexes: readonly number[] }
  | { readonly kind: 'slice'; readonly start?: number; readonly end?: number; readonly stride: number }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'filter'; readonly test: Test }
  | { readonly kind: 'descendants' }
  | { readonly kind: 'function'; readonly name: string };

export type Operand =
  | { readonly kind: 'literal'; readonly value: Json }
  | { readonly kind: 'pattern'; readonly expression: RegExp }
  | { readonly kind: 'path'; readonly from: '@' | '$'; readonly path: Path };

export type Test =
  | { readonly kind: 'or' | 'and'; readonly tests: readonly Test[] }
  | { readonly kind: 'not'; readonly test: Test }
  | { readonly kind: 'exists'; readonly operand: Operand }
  | {
      readonly kind: 'compare';
      readonly operator: string;
      readonly left: Operand;
      readonly right: Operand;
    };

export interface Path {
  readonly steps: readonly Step[];
  /** True when it names one place: its value is the result. Otherwise the result is a list. */
  readonly definite: boolean;
}

/** The text is no JSONPath. */
export class PathSyntaxError extends Error {
  override readonly name = 'PathSyntaxError';
}

/** Deep enough for any definition, and far from the end of the stack. */
const DEEPEST_NESTING = 50;
const FUNCTIONS: ReadonlySet<string> = new Set(['length', 'min', 'max', 'avg', 'sum', 'keys']);
const cache = new Map<string, Path>();
const CACHE_SIZE = 5_000;

/** The steps after the first `$`. Throws {@link PathSyntaxError}. */
export function parsePath(text: string): Path {
  const known = cache.get(text);
  if (known) return known;
  if (!text.startsWith('$')) throw new PathSyntaxError('a path begins with $');
  const reader = new Reader(text, 1);
  const path = readSteps(reader, true, 0);
  if (!reader.atEnd) throw reader.problem('more steps');
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(text, path);
  return path;
}

/** A place in the text. */
class Reader {
  readonly text: string;
  position: number;

  constructor(text: string, position: number) {
    this.text = text;
    this.position = position;
  }

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  get next(): string {
    return this.text[this.position] ?? '';
  }

  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.position)) return false;
    this.position += expected.length;
    return true;
  }

  need(expected: string): void {
    if (!this.take(expected)) throw this.problem(`"${expected}"`);
  }

  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.position;
    const found = expression.exec(this.text)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }

  blanks(): void {
    this.match(/\s*/y);
  }

  problem(expected: string): PathSyntaxError {
    return new PathSyntaxError(`expected ${expected} at position ${this.position}`);
  }
}

const MEMBER_NAME = /[^\s.[\](),'"?@=!<>&|]+/y;

/** Reads steps as far as they go. Inside a filter, a path ends where the comparison goes on. */
function readSteps(reader: Reader, functions: boolean, depth: number): Path {
  if (depth > DEEPEST_NESTING) throw reader.problem('fewer nested filters');
  const steps: Step[] = [];
  for (;;) {
    if (reader.take('..')) {
      steps.push({ kind: 'descendants' });
      if (reader.next === '[') steps.push(readBracket(reader, depth));
      else steps.push(readMember(reader));
    } else if (reader.take('.')) {
      // `$.['name']` is written too.
      if (reader.next === '[') continue;
      const step = readMember(reader);
      const [name = ''] = step.kind === 'members' ? step.names : [];
      if (functions && FUNCTIONS.has(name) && reader.take('()')) steps.push({ kind: 'function', name });
      else steps.push(step);
    } else if (reader.next === '[') {
      steps.push(readBracket(reader, depth));
    } else {
      return { steps, definite: steps.every(isDefinite) };
    }
  }
}

function isDefinite(step: Step): boolean {
  return step.kind === 'function' || isSingular(step);
}

/** True for a step that leads to one place at most. */
export function isSingular(step: Step): boolean {
  if (step.kind === 'members') return step.names.length === 1;
  return step.kind === 'indexes' && step.indexes.length === 1;
}

function readMember(reader: Reader): Step {
  if (reader.take('*')) return { kind: 'wildcard' };
  const name = reader.match(MEMBER_NAME);
  if (name === undefined) throw reader.problem('a member name');
  return { kind: 'members', names: [name] };
}

function readBracket(reader: Reader, depth: number): Step {
  reader.need('[');
  reader.blanks();
  const step = readSelector(reader, depth);
  reader.blanks();
  reader.need(']');
  return step;
}

function readSelector(reader: Reader, depth: number): Step {
  if (reader.take('*')) return { kind: 'wildcard' };
  if (reader.take('?')) {
    reader.blanks();
    return { kind: 'filter', test: readOr(reader, depth + 1) };
  }
  if (reader.next === "'" || reader.next === '"') {
    return { kind: 'members', names: readList(reader, () => readQuoted(reader)) };
  }
  const first = readInteger(reader);
  reader.blanks();
  if (reader.next === ':') return readSlice(reader, first);
  if (first === undefined) throw reader.problem('an index, a name in quotes, *, or a filter');
  const indexes = [first];
  while (reader.take(',')) {
    reader.blanks();
    const index = readInteger(reader);
    if (index === undefined) throw reader.problem('an index');
    indexes.push(index);
    reader.blanks();
  }
  return { kind: 'indexes', indexes };
}

function readSlice(reader: Reader, start: number | undefined): Step {
  reader.need(':');
  reader.blanks();
  const end = readInteger(reader);
  reader.blanks();
  const stride = reader.take(':') ? (readInteger(reader) ?? 1) : 1;
  if (stride < 1) throw reader.problem('a step of 1 or more');
  return {
    kind: 'slice',
    stride,
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}

function readList<Item>(reader: Reader, readItem: () => Item): Item[] {
  const items = [readItem()];
  reader.blanks();
  while (reader.take(',')) {
    reader.blanks();
    items.push(readItem());
    reader.blanks();
  }
  return items;
}

function readInteger(reader: Reader): number | undefined {
  const digits = reader.match(/-?\d{1,9}/y);
  return digits === undefined ? undefined : Number(digits);
}

function readQuoted(reader: Reader): string {
  const quote = reader.next;
  reader.position++;
  let text = '';
  while (!reader.take(quote)) {
    if (reader.atEnd) throw reader.problem(quote);
    if (reader.next === '\\') reader.position++;
    text += reader.next;
    reader.position++;
  }
  return text;
}

function readOr(reader: Reader, depth: number): Test {
  if (depth > DEEPEST_NESTING) throw reader.problem('fewer parentheses');
  const tests = [readAnd(reader, depth)];
  while ((reader.blanks(), reader.take('||'))) tests.push(readAnd(reader, depth));
  return tests.length === 1 ? (tests[0] as Test) : { kind: 'or', tests };
}

function readAnd(reader: Reader, depth: number): Test {
  const tests = [readTest(reader, depth)];
  while ((reader.blanks(), reader.take('&&'))) tests.push(readTest(reader, depth));
  return tests.length === 1 ? (tests[0] as Test) : { kind: 'and', tests };
}

function readTest(reader: Reader, depth: number): Test {
  if (depth > DEEPEST_NESTING) throw reader.problem('a simpler filter');
  reader.blanks();
  if (reader.take('!')) return { kind: 'not', test: readTest(reader, depth + 1) };
  if (reader.take('(')) {
    const test = readOr(reader, depth + 1);
    reader.blanks();
    reader.need(')');
    return test;
  }
  const left = readOperand(reader, depth + 1);
  reader.blanks();
  const operator = reader.match(/==|!=|<=|>=|=~|<|>|(?:in|nin)(?=[\s[])/y);
  if (operator === undefined) return { kind: 'exists', operand: left };
  reader.blanks();
  return { kind: 'compare', operator, left, right: readOperand(reader, depth + 1) };
}

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS: Readonly<Record<string, Json>> = { true: true, false: false, null: null };

function readOperand(reader: Reader, depth: number): Operand {
  const from = reader.next;
  if (from === '@' || from === '$') {
    reader.position++;
    return { kind: 'path', from, path: readSteps(reader, true, depth) };
  }
  if (from === '/') return { kind: 'pattern', expression: readPattern(reader) };
  return { kind: 'literal', value: readLiteral(reader) };
}

function readLiteral(reader: Reader): Json {
  if (reader.next === "'" || reader.next === '"') return readQuoted(reader);
  if (reader.take('[')) {
    reader.blanks();
    if (reader.take(']')) return [];
    const items = readList(reader, () => readLiteral(reader));
    reader.need(']');
    return items;
  }
  const digits = reader.match(NUMBER);
  if (digits !== undefined) return Number(digits);
  const word = reader.match(/true|false|null/y);
  if (word === undefined) throw reader.problem('a value');
  return WORDS[word] ?? null;
}

function readPattern(reader: Reader): RegExp {
  const written = reader.match(/\/(?:\\.|[^/\\])+\/[imsu]*/y);
  const end = written?.lastIndexOf('/') ?? 0;
  if (written === undefined) throw reader.problem('a regular expression');
  try {
    return new RegExp(`^(?:${written.slice(1, end)})$`, written.slice(end + 1));
  } catch {
    throw reader.problem('a regular expression');
  }
}
