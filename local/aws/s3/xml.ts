/** The small part of XML that S3 speaks: elements and text, no attributes that matter. */
import { escapeText } from '../protocols/xml.ts';
import { malformedXml } from './errors.ts';

/** An element's content: its text, or its children by name. A name that comes more than once is a list. */
export type XmlTree = string | { readonly [name: string]: XmlTree | readonly XmlTree[] };

export interface XmlElement {
  readonly name: string;
  readonly content: XmlTree;
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** @throws AwsError MalformedXML */
export function parseXml(source: string): XmlElement {
  const tokens = /<\?[^]*?\?>|<!--[^]*?-->|<(\/?)([\w:.-]+)[^<>]*?(\/?)>|([^<]+)/gy;
  const open: { name: string; children: Map<string, XmlTree[]>; text: string }[] = [
    { name: '', children: new Map(), text: '' },
  ];
  let end = 0;
  for (const match of source.matchAll(tokens)) {
    end = match.index + match[0].length;
    const [, closing, qualified, empty, text] = match;
    const top = open.at(-1);
    if (top === undefined) throw malformedXml();
    if (text !== undefined) top.text += text;
    if (qualified === undefined) continue;
    const name = qualified.split(':').at(-1) ?? '';
    if (closing === '/') {
      if (top.name !== name || open.length < 2) throw malformedXml();
      open.pop();
      add(open.at(-1)?.children, name, contentOf(top.children, top.text));
    } else if (empty === '/') add(top.children, name, '');
    else open.push({ name, children: new Map(), text: '' });
  }
  const [root, ...unclosed] = open;
  const [element, ...others] = root ? [...root.children] : [];
  if (end !== source.length || unclosed.length > 0 || element === undefined || others.length > 0) {
    throw malformedXml();
  }
  return { name: element[0], content: element[1][0] ?? '' };
}

/** A whole document. Undefined members are left out. */
export function writeXml(name: string, content: unknown): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${NAMESPACE}">${inner(content)}</${name}>`;
}

/** The children of this name, however many. */
export function children(tree: XmlTree | undefined, name: string): readonly XmlTree[] {
  const found = typeof tree === 'object' ? tree[name] : undefined;
  return found === undefined ? [] : [found].flat();
}

export function child(tree: XmlTree | undefined, name: string): XmlTree | undefined {
  return children(tree, name)[0];
}

export function childText(tree: XmlTree | undefined, name: string): string | undefined {
  const found = child(tree, name);
  return typeof found === 'string' ? found : undefined;
}

function add(into: Map<string, XmlTree[]> | undefined, name: string, content: XmlTree): void {
  const list = into?.get(name);
  if (list) list.push(content);
  else into?.set(name, [content]);
}

function contentOf(elements: ReadonlyMap<string, readonly XmlTree[]>, text: string): XmlTree {
  if (elements.size === 0) return unescaped(text);
  return Object.fromEntries(
    [...elements].map(([name, list]) => [name, list.length === 1 ? (list[0] ?? '') : list]),
  );
}

function unescaped(text: string): string {
  return text.replace(/&(#x?)?(\w+);/g, (whole, numeric: string | undefined, body: string) => {
    if (numeric === undefined) return ENTITIES[body] ?? whole;
    const code = Number.parseInt(body, numeric === '#x' ? 16 : 10);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function inner(content: unknown): string {
  if (typeof content !== 'object' || content === null) return escapeText(String(content));
  return Object.entries(content)
    .map(([name, value]: [string, unknown]) => {
      if (value === undefined) return '';
      return [value]
        .flat()
        .map((each) => `<${name}>${inner(each)}</${name}>`)
        .join('');
    })
    .join('');
}
