/** Exchanges, their bindings, and which of them a message matches. */
import { fieldText } from './protocol/fields.ts';
import type { FieldTable, FieldValue } from './protocol/fields.ts';
import type { Properties } from './protocol/content.ts';

export type ExchangeType = 'direct' | 'fanout' | 'topic' | 'headers';
export const EXCHANGE_TYPES: readonly string[] = ['direct', 'fanout', 'topic', 'headers'];

export interface ExchangeProps {
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

export interface Binding {
  readonly kind: 'queue' | 'exchange';
  readonly destination: string;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

export interface Exchange extends ExchangeProps {
  readonly bindings: Map<string, Binding>;
}

export function bindingKey({ kind, destination, routingKey, arguments: more }: Binding): string {
  return JSON.stringify([
    kind,
    destination,
    routingKey,
    Object.entries(more).map(([n, v]) => [n, fieldText(v)]),
  ]);
}

export function matchingBindings(exchange: Exchange, routingKey: string, properties: Properties): Binding[] {
  return [...exchange.bindings.values()].filter((binding) => {
    if (exchange.type === 'fanout') return true;
    if (exchange.type === 'direct') return binding.routingKey === routingKey;
    if (exchange.type === 'topic') {
      return topicMatches(binding.routingKey.split('.'), routingKey === '' ? [''] : routingKey.split('.'));
    }
    return headersMatch(binding.arguments, properties.headers ?? {});
  });
}

/** `*` is one word, `#` any number of them, none included. */
export function topicMatches(pattern: readonly string[], words: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return words.length === 0;
  if (head === '#') {
    return topicMatches(rest, words) || (words.length > 0 && topicMatches(pattern, words.slice(1)));
  }
  if (words.length === 0) return rest.length === 0 && head === '' && pattern.length === 1;
  return (head === '*' || head === words[0]) && topicMatches(rest, words.slice(1));
}

/** Headers that begin with `x-` count only for `all-with-x` and `any-with-x`. Nothing to compare matches all, and not any. */
function headersMatch(wanted: FieldTable, headers: FieldTable): boolean {
  const how = fieldText(wanted['x-match'] ?? 'all');
  const withX = how.endsWith('-with-x');
  const compared = Object.entries(wanted).filter(
    ([name]) => name !== 'x-match' && (withX || !name.startsWith('x-')),
  );
  const matches = ([name, value]: readonly [string, FieldValue]): boolean =>
    name in headers && (value === null || fieldText(headers[name]) === fieldText(value));
  return how.startsWith('any') ? compared.some(matches) : compared.every(matches);
}
