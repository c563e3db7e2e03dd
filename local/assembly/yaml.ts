/**
 * Reads the YAML that templates are written in, with CloudFormation's short forms (`!Ref`, `!Sub`, ...). Anchors,
 * aliases and several documents are refused, as nothing that writes templates needs them.
 */
import { AssemblyError } from '../../lib/assembly/errors.ts';
import type { Json } from '../../lib/assembly/template.ts';

const KEY =
  /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#&*!|>'"%@`[\]{},-][^#]*?|-[^\s#][^#]*?)\s*:(?:\s+(.*)|)$/s;
const BLOCK_SCALAR = /^([|>])([+-]?)(\d?)([+-]?)(?:\s+#.*)?$/;
const DOUBLE_QUOTE_ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

interface Reader {
  readonly lines: string[];
  at: number;
}

/** @throws AssemblyError `WAYBILL_ASSEMBLY_INVALID` with the number of the line */
export function parseYaml(source: string): Json {
  const reader: Reader = { lines: source.replace(/^\uFEFF/, '').split(/\r?\n/), at: 0 };
  skipBlank(reader);
  if (/^(%|---)/.test(current(reader))) {
    while (current(reader).startsWith('%')) reader.at++;
    const [, rest = ''] = /^---\s*(.*)$/.exec(current(reader)) ?? [];
    reader.lines[reader.at] = rest.startsWith('#') ? '' : rest;
    skipBlank(reader);
  }
  const value = block(reader, indentOf(current(reader)));
  skipBlank(reader);
  if (!atEnd(reader) && !/^\.\.\.\s*$/.test(current(reader))) throw invalid(reader, 'this line fits nowhere');
  return value;
}

/** What begins at the current line, all of it indented by at least `indent`. */
function block(reader: Reader, indent: number): Json {
  const text = current(reader).slice(indent);
  if (isItem(text)) return sequence(reader, indent);
  if (KEY.test(text)) return mapping(reader, indent);
  reader.at++;
  return value(reader, text, indent - 1);
}

function sequence(reader: Reader, indent: number): Json {
  const items: Json[] = [];
  for (skipBlank(reader); !atEnd(reader) && indentOf(current(reader)) === indent; skipBlank(reader)) {
    const text = current(reader).slice(indent);
    if (!isItem(text)) break;
    const rest = text.slice(1).trimStart();
    const column = indent + text.length - rest.length;
    if (isItem(rest) || KEY.test(rest)) {
      // "- a: b" is a mapping that begins where the "a" stands.
      reader.lines[reader.at] = ' '.repeat(column) + rest;
      items.push(block(reader, column));
    } else {
      reader.at++;
      items.push(value(reader, rest, indent));
    }
  }
  return items;
}

function mapping(reader: Reader, indent: number): Json {
  const members: Record<string, Json> = {};
  for (skipBlank(reader); !atEnd(reader) && indentOf(current(reader)) === indent; skipBlank(reader)) {
    const text = current(reader).slice(indent);
    const match = KEY.exec(text);
    if (match === null || isItem(text)) break;
    const key = keyText(match[1] ?? '');
    if (key === '<<') throw invalid(reader, 'merge keys are not supported');
    if (Object.hasOwn(members, key)) throw invalid(reader, `the key ${key} comes twice`);
    reader.at++;
    members[key] = value(reader, match[2] ?? '', indent, true);
  }
  if (!atEnd(reader) && indentOf(current(reader)) > indent) throw invalid(reader, 'the indentation is wrong');
  return members;
}

/** What stands behind a key or a dash, the reader being on the line below. */
function value(reader: Reader, text: string, indent: number, ofKey = false): Json {
  const [, tag, tagged] = /^!([\w:.]+)(?:\s+(.*)|)$/s.exec(text) ?? [];
  if (tag !== undefined) return shortForm(tag, value(reader, tagged ?? '', indent, ofKey));
  if (text === '' || text.startsWith('#')) {
    skipBlank(reader);
    if (atEnd(reader)) return null;
    const next = indentOf(current(reader));
    if (next > indent) return block(reader, next);
    // A list may stand as far left as the key it belongs to.
    return ofKey && next === indent && isItem(current(reader).slice(next)) ? sequence(reader, next) : null;
  }
  const scalarHeader = BLOCK_SCALAR.exec(text);
  if (scalarHeader) return blockScalar(reader, scalarHeader, indent);
  if (/^[[{]/.test(text)) return flow(reader, text);
  if (/^["']/.test(text)) return quoted(reader, text);
  if (/^[&*]/.test(text)) throw invalid(reader, 'anchors and aliases are not supported');
  const parts = [withoutComment(text)];
  for (; !atEnd(reader); reader.at++) {
    const line = current(reader);
    if (line.trim() === '') break;
    if (indentOf(line) <= indent || line.trim().startsWith('#')) break;
    parts.push(withoutComment(line.trim()));
  }
  return scalar(reader, parts.join(' '));
}

function blockScalar(reader: Reader, header: RegExpExecArray, indent: number): string {
  const [, style, before = '', explicit = '', after = ''] = header;
  const chomp = before || after;
  const first = reader.lines.slice(reader.at).find((line) => line.trim() !== '') ?? '';
  const column = explicit === '' ? indentOf(first) : Math.max(indent, 0) + Number(explicit);
  const lines: string[] = [];
  if (column > indent) {
    for (; reader.at < reader.lines.length; reader.at++) {
      const line = current(reader);
      if (line.trim() !== '' && indentOf(line) < column) break;
      lines.push(line.slice(column));
    }
  }
  let end = lines.length;
  while (end > 0 && lines[end - 1]?.trim() === '') end--;
  const body = style === '|' ? lines.slice(0, end).join('\n') : folded(lines.slice(0, end));
  if (chomp === '-') return body;
  if (chomp === '+') return body + '\n'.repeat(lines.length - end + (end > 0 ? 1 : 0));
  return end === 0 ? '' : `${body}\n`;
}

/** Line ends become spaces, but for those around indented or empty lines. */
function folded(lines: readonly string[]): string {
  let result = '';
  for (const [index, line] of lines.entries()) {
    const previous = lines[index - 1];
    if (index === 0) result = line;
    else if (line === '') result += '\n';
    else if (previous === '') result += line;
    else if (/^\s/.test(line) || /^\s/.test(previous ?? '')) result += `\n${line}`;
    else result += ` ${line}`;
  }
  return result;
}

/** A quoted text, which may go on over several lines. */
function quoted(reader: Reader, start: string): string {
  const quote = start[0] === '"' ? /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/s : /^'((?:[^']|'')*)'\s*(?:#.*)?$/s;
  let text = start;
  while (!quote.test(text)) {
    if (atEnd(reader)) throw invalid(reader, 'a quotation mark is missing');
    const line = current(reader).trim();
    text = line === '' ? `${text}\n` : `${text}${text.endsWith('\n') ? '' : ' '}${line}`;
    reader.at++;
  }
  return unquoted(text.replace(/\s+#[^"']*$/, '').trim());
}

function unquoted(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  return text
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|\s*\n\s*|(.))/gs,
      (_whole, x?: string, u?: string, long?: string, character?: string) => {
        const code = x ?? u ?? long;
        if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
        return character === undefined ? '' : (DOUBLE_QUOTE_ESCAPES[character] ?? character);
      },
    );
}

/** `[a, b]` or `{a: b}`, which may go on over several lines. */
function flow(reader: Reader, start: string): Json {
  let text = start;
  for (;;) {
    const parsed = flowValue(reader, text, 0);
    if (parsed !== undefined) {
      if (!/^\s*(#.*)?$/.test(text.slice(parsed.end)))
        throw invalid(reader, 'text follows the closing bracket');
      return parsed.value;
    }
    if (atEnd(reader)) throw invalid(reader, 'a closing bracket is missing');
    text += ` ${withoutComment(current(reader).trim())}`;
    reader.at++;
  }
}

interface Parsed {
  readonly value: Json;
  readonly end: number;
}

/** Undefined when the text ends before the value does. */
function flowValue(reader: Reader, text: string, from: number): Parsed | undefined {
  let at = skipSpace(text, from);
  const tag = /^!([\w:.]+)\s+/.exec(text.slice(at));
  if (tag) {
    const inner = flowValue(reader, text, at + tag[0].length);
    return inner && { value: shortForm(tag[1] ?? '', inner.value), end: inner.end };
  }
  const opening = text[at];
  if (opening === '[' || opening === '{') {
    const closing = opening === '[' ? ']' : '}';
    const items: Json[] = [];
    const members: Record<string, Json> = {};
    for (at = skipSpace(text, at + 1); text[at] !== closing;) {
      const item = flowValue(reader, text, at);
      if (item === undefined) return undefined;
      at = skipSpace(text, item.end);
      if (opening === '{') {
        if (text[at] !== ':') return undefined;
        const member = flowValue(reader, text, at + 1);
        if (member === undefined) return undefined;
        members[typeof item.value === 'string' ? item.value : JSON.stringify(item.value)] = member.value;
        at = skipSpace(text, member.end);
      } else items.push(item.value);
      if (text[at] === ',') at = skipSpace(text, at + 1);
      else if (text[at] !== closing) return undefined;
    }
    return { value: opening === '[' ? items : members, end: at + 1 };
  }
  const string = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/s.exec(text.slice(at));
  if (string) return { value: unquoted(string[0]), end: at + string[0].length };
  const plain = /^(?:[^,[\]{}:"']|:(?!\s|$))+/.exec(text.slice(at));
  return plain ? { value: scalar(reader, plain[0].trim()), end: at + plain[0].length } : undefined;
}

function keyText(text: string): string {
  return /^["']/.test(text) ? unquoted(text) : text;
}

function scalar(reader: Reader, text: string): Json {
  if (/^[&*]/.test(text)) throw invalid(reader, 'anchors and aliases are not supported');
  if (text === '' || /^(~|null|Null|NULL)$/.test(text)) return null;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  // An account id such as 000123456789 is no number.
  if (/^[-+]?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text)) return Number(text);
  return text;
}

/** `!GetAtt Queue.Arn` is `{"Fn::GetAtt": "Queue.Arn"}`. */
function shortForm(tag: string, argument: Json): Json {
  return tag === 'Ref' || tag === 'Condition' ? { [tag]: argument } : { [`Fn::${tag}`]: argument };
}

function isItem(text: string): boolean {
  return text === '-' || text.startsWith('- ');
}

function current(reader: Reader): string {
  return reader.lines[reader.at] ?? '';
}

function atEnd(reader: Reader): boolean {
  return reader.at >= reader.lines.length;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function skipBlank(reader: Reader): void {
  while (!atEnd(reader) && /^\s*(#.*)?$/.test(current(reader))) reader.at++;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (/\s/.test(text[at] ?? '')) at++;
  return at;
}

function withoutComment(text: string): string {
  return text.replace(/\s+#.*$/, '').trimEnd();
}

function invalid(reader: Reader, reason: string): AssemblyError {
  return new AssemblyError(
    'WAYBILL_ASSEMBLY_INVALID',
    `The template cannot be read: line ${reader.at + 1}: ${reason}.`,
  );
}
