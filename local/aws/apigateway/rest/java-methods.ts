/**
 * Methods of Java's texts and maps that templates call: API Gateway's Velocity runs on Java, the engine here on
 * JavaScript, where some have other names, other arguments or nothing like them.
 */

interface MethodCall {
  readonly property: string;
  readonly context: unknown;
  readonly params: readonly unknown[];
}

export interface MethodHandler {
  readonly uid: string;
  match(call: MethodCall): boolean;
  resolve(call: MethodCall): unknown;
}

/** For the engine's `customMethodHandlers`, which it asks before its own. */
export const JAVA_METHODS: MethodHandler[] = [
  {
    uid: 'java.lang.String',
    match: ({ property, context }) => typeof context === 'string' && Object.hasOwn(TEXT_METHODS, property),
    resolve: ({ property, context, params }) =>
      TEXT_METHODS[property]?.(String(context), ...params.map(String)),
  },
  {
    uid: 'java.util.Map',
    match: ({ property, context }) => isMap(context) && Object.hasOwn(MAP_METHODS, property),
    resolve: ({ property, context, params }) =>
      MAP_METHODS[property]?.(context as Readonly<Record<string, unknown>>, String(params[0])),
  },
];

/** java.lang.String. Texts are UTF-16 in both languages, so that lengths and places agree. */
const TEXT_METHODS: Readonly<Record<string, (text: string, ...given: readonly string[]) => unknown>> = {
  length: (text) => text.length,
  isEmpty: (text) => text === '',
  equals: (text, other = '') => text === other,
  equalsIgnoreCase: (text, other = '') => text.toLowerCase() === other.toLowerCase(),
  contains: (text, part = '') => text.includes(part),
  startsWith: (text, part = '') => text.startsWith(part),
  endsWith: (text, part = '') => text.endsWith(part),
  indexOf: (text, part = '') => text.indexOf(part),
  // Java throws where JavaScript gives what there is.
  substring(text, from = '0', to = String(text.length)) {
    const [begin, end] = [Number(from), Number(to)];
    if (begin < 0 || end > text.length || begin > end) {
      throw new RangeError(`begin ${begin}, end ${end}, length ${text.length}`);
    }
    return text.slice(begin, end);
  },
  // All of the text, not a part of it.
  matches: (text, pattern = '') => new RegExp(`^(?:${pattern})$`, 'u').test(text),
  replace: (text, part = '', by = '') => text.replaceAll(part, () => by),
  replaceAll: (text, pattern = '', by = '') => text.replaceAll(new RegExp(pattern, 'g'), by),
  replaceFirst: (text, pattern = '', by = '') => text.replace(new RegExp(pattern), by),
  toLowerCase: (text) => text.toLowerCase(),
  toUpperCase: (text) => text.toUpperCase(),
  trim: (text) => text.trim(),
  concat: (text, other = '') => `${text}${other}`,
  toString: (text: string) => text,
};

/** java.util.Map, as far as the engine has nothing of its own. */
const MAP_METHODS: Readonly<
  Record<string, (map: Readonly<Record<string, unknown>>, key: string) => unknown>
> = {
  containsKey: (map, key) => Object.hasOwn(map, key),
  isEmpty: (map) => Object.keys(map).length === 0,
};

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
