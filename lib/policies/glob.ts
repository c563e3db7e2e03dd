/** Patterns of policies: `*` for any characters, `?` for one, ARNs part by part, and `${variables}` of the request. */
import type { ConditionKeys } from './condition-keys.ts';

/** Says whether a text fits, for the keys of one request; undefined when the pattern has a variable without a value. */
export type TextPattern = (text: string, keys: ConditionKeys) => boolean | undefined;

/** What a `${...}` can be: a key with an optional `'default'`, or one of the characters that need a way out. */
const VARIABLE = /\$\{([^}]*)\}/g;
const WITH_DEFAULT = /^([^,]+?)\s*,\s*'([^']*)'$/;
const LITERALS: Readonly<Record<string, string>> = { '*': '*', '?': '?', $: '$' };
/** `arn`, partition, service, Region, account, and the resource, which may hold further colons. */
const ARN_PARTS = 6;

/** A whole text. `wildcards: false` takes `*` and `?` for themselves, as StringEquals does. */
export function textPattern(
  pattern: string,
  options: { readonly ignoreCase?: boolean; readonly wildcards?: boolean; readonly variables?: boolean } = {},
): TextPattern {
  const { ignoreCase = false, wildcards = true, variables = true } = options;
  if (wildcards && pattern === '*') return () => true;
  const flags = ignoreCase ? 'is' : 's';
  if (!variables || !pattern.includes('${')) {
    if (!wildcards || !/[*?]/.test(pattern)) {
      const wanted = ignoreCase ? pattern.toLowerCase() : pattern;
      return (text) => (ignoreCase ? text.toLowerCase() : text) === wanted;
    }
    const expression = new RegExp(`^${globSource(pattern)}$`, flags);
    return (text) => expression.test(text);
  }
  return (text, keys) => {
    const source = sourceWithVariables(pattern, keys, wildcards);
    return source === undefined ? undefined : new RegExp(`^${source}$`, flags).test(text);
  };
}

/**
 * An ARN, each of its six parts by itself; a wildcard in the last one goes beyond colons, and parts that are missing
 * are `*`. Variables count in the last part alone when `variables` says so.
 * IAM/latest/UserGuide/reference_policies_elements_resource.html, reference_policies_variables.html
 */
export function arnPattern(
  pattern: string,
  variables: 'everywhere' | 'in the resource' | 'nowhere',
): TextPattern {
  if (pattern === '*') return () => true;
  const parts = arnParts(pattern).map((part, index) =>
    textPattern(part, {
      variables: variables === 'everywhere' || (variables === 'in the resource' && index === ARN_PARTS - 1),
    }),
  );
  while (parts.length < ARN_PARTS) parts.push(() => true);
  return (text, keys) => {
    const given = arnParts(text);
    const results = parts.map((matches, index) => matches(given[index] ?? '', keys));
    if (given.length < ARN_PARTS || results.includes(false)) return false;
    return results.includes(undefined) ? undefined : true;
  };
}

/** The first five parts, and what is left as the sixth. A colon inside a variable's name is not one of the ARN. */
function arnParts(arn: string): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (const character of arn) {
    if (character === '{') depth++;
    if (character === '}') depth--;
    if (character === ':' && depth <= 0 && parts.length < ARN_PARTS - 1) {
      parts.push(part);
      part = '';
    } else {
      part += character;
    }
  }
  return [...parts, part];
}

function globSource(pattern: string): string {
  return escaped(pattern)
    .replaceAll(String.raw`\*`, '.*')
    .replaceAll(String.raw`\?`, '.');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

function sourceWithVariables(pattern: string, keys: ConditionKeys, wildcards: boolean): string | undefined {
  const literal = (text: string) => (wildcards ? globSource(text) : escaped(text));
  let source = '';
  let last = 0;
  for (const match of pattern.matchAll(VARIABLE)) {
    const value = variableValue(match[1] ?? '', keys);
    if (value === undefined) return undefined;
    source += literal(pattern.slice(last, match.index)) + escaped(value);
    last = match.index + match[0].length;
  }
  return source + literal(pattern.slice(last));
}

function variableValue(name: string, keys: ConditionKeys): string | undefined {
  if (Object.hasOwn(LITERALS, name)) return LITERALS[name];
  const [, key = name, fallback] = WITH_DEFAULT.exec(name) ?? [];
  const values = keys.get(key.toLowerCase());
  return values?.length === 1 ? values[0] : fallback;
}
