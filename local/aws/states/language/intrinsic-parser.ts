/**
 * Calls of intrinsic functions as text: `States.Format('{} of {}', $.a, States.ArrayLength($.b))`.
 * https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
 */
import type { Json } from '../json.ts';

export type Argument =
  | { readonly kind: 'value'; readonly value: Json }
  /** The text between the quotes as written: what `\` means depends on the function. */
  | { readonly kind: 'text'; readonly raw: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'call'; readonly call: Call };

export interface Call {
  readonly name: string;
  readonly arguments: readonly Argument[];
  /** The call as written. */
  readonly text: string;
}

/** The text is no call of an intrinsic function. */
export class IntrinsicSyntaxError extends Error {
  override readonly name = 'IntrinsicSyntaxError';
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html: up to 10 calls within each other. */
const DEEPEST_NESTING = 10;

/** True for text that is meant as a call. */
export function isIntrinsic(text: string): boolean {
  return /^States\.[A-Za-z0-9]+\s*\(/.test(text);
}

/** Throws {@link IntrinsicSyntaxError}. */
export function parseIntrinsic(text: string): Call {
  const { call, end } = readCall(text, 0, 1);
  if (text.slice(end).trim() !== '') throw new IntrinsicSyntaxError(`unexpected text at position ${end}`);
  return call;
}

function readCall(text: string, start: number, depth: number): { readonly call: Call; readonly end: number } {
  if (depth > DEEPEST_NESTING) {
    throw new IntrinsicSyntaxError(`functions are nested more than ${DEEPEST_NESTING} deep`);
  }
  const head = sticky(/States\.([A-Za-z0-9]+)\s*\(\s*/y, text, start);
  if (!head) throw new IntrinsicSyntaxError(`expected a function at position ${start}`);
  let position = start + head[0].length;
  const list: Argument[] = [];
  if (text[position] === ')') {
    return {
      call: { name: head[1] ?? '', arguments: list, text: text.slice(start, position + 1) },
      end: position + 1,
    };
  }
  for (;;) {
    const { argument, end } = readArgument(text, position, depth);
    list.push(argument);
    position = end + blanks(text, end);
    const separator = text[position];
    position++;
    if (separator === ')') break;
    if (separator !== ',') throw new IntrinsicSyntaxError(`expected , or ) at position ${position - 1}`);
    position += blanks(text, position);
  }
  return { call: { name: head[1] ?? '', arguments: list, text: text.slice(start, position) }, end: position };
}

function readArgument(
  text: string,
  start: number,
  depth: number,
): { readonly argument: Argument; readonly end: number } {
  if (text.startsWith('States.', start)) {
    const { call, end } = readCall(text, start, depth + 1);
    return { argument: { kind: 'call', call }, end };
  }
  if (text[start] === '$') {
    const end = endOfPath(text, start);
    return { argument: { kind: 'path', path: text.slice(start, end).trimEnd() }, end };
  }
  const quoted = sticky(/'((?:\\[\s\S]|[^'\\])*)'/y, text, start);
  if (quoted) {
    return { argument: { kind: 'text', raw: quoted[1] ?? '' }, end: start + quoted[0].length };
  }
  const plain = sticky(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y, text, start);
  if (!plain) throw new IntrinsicSyntaxError(`expected an argument at position ${start}`);
  return {
    argument: { kind: 'value', value: JSON.parse(plain[0]) as Json },
    end: start + plain[0].length,
  };
}

/** A path ends at the next comma or parenthesis that is in no bracket, parenthesis or quotes of its own. */
function endOfPath(text: string, start: number): number {
  let open = 0;
  let quote: string | undefined;
  for (let position = start; position < text.length; position++) {
    const character = text[position] as string;
    if (quote !== undefined) {
      if (character === '\\') position++;
      else if (character === quote) quote = undefined;
    } else if (character === "'" || character === '"') quote = character;
    else if (character === '[' || character === '(') open++;
    else if (open > 0 && (character === ']' || character === ')')) open--;
    else if (open === 0 && (character === ',' || character === ')')) return position;
  }
  return text.length;
}

function blanks(text: string, position: number): number {
  return sticky(/\s*/y, text, position)?.[0].length ?? 0;
}

function sticky(expression: RegExp, text: string, position: number): RegExpExecArray | null {
  expression.lastIndex = position;
  return expression.exec(text);
}
