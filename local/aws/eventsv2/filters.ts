/** The filters of a subscriber. eventbridge/latest/userguide/eb-custom-bus-filtering.html */
import { flattenEvent, PatternError, readPattern, SUBSCRIBER_PROFILE } from '../../../lib/matching/index.ts';
import { parseExact } from '../../../lib/matching/index.ts';
import { isRecord, parseObject } from '../json.ts';
import { invalidInput } from './errors.ts';
import { type Input, oneOf, records, requiredText } from './input.ts';
import { MAX_FILTER_BYTES } from './limits.ts';
import type { Filter, FilterScope, StoredEvent } from './model.ts';

const SCOPES = ['DATA', 'METADATA', 'SYSTEM_METADATA'] as const;

/** @throws AwsError InvalidInputException */
export function readFilters(configuration: Input): readonly Filter[] {
  oneOf(configuration, 'Language', ['EVENT_BRIDGE_PATTERN'], undefined);
  const filters = records(configuration, 'Filters').map(readFilter);
  if (filters.length === 0) {
    throw invalidInput('FilterConfiguration.Filters must contain at least one filter.');
  }
  if (new Set(filters.map(({ scope }) => scope)).size < filters.length) {
    throw invalidInput('FilterConfiguration.Filters must contain at most one filter per scope.');
  }
  const bytes = filters.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_FILTER_BYTES) {
    throw invalidInput(`The filters are larger than ${MAX_FILTER_BYTES} bytes.`);
  }
  return filters;
}

/** True when the event matches every filter. */
export function matchesFilters(
  filters: readonly Filter[],
  event: StoredEvent,
  systemMetadata: Readonly<Record<string, string>>,
): boolean {
  return filters.every(({ scope, pattern }) => {
    if (scope === 'METADATA') return pattern.matches({ ...event.metadata });
    if (scope === 'SYSTEM_METADATA') return pattern.matches({ ...systemMetadata });
    const data = parseExact(event.data);
    return isRecord(data) && pattern.matches(flattenEvent(data));
  });
}

function readFilter(input: Input): Filter {
  const text = requiredText(input, 'Pattern');
  const scope = oneOf<FilterScope, undefined>(input, 'Scope', SCOPES, undefined);
  if (scope === undefined) throw invalidInput('Each filter must have a Scope.');
  if (scope === 'METADATA') checkExactValues(text);
  // The text itself, and not the matcher's words: "wildcard" may also be a value.
  if (hasWildcard(parseObject(text))) {
    throw invalidInput('Filter pattern must not contain wildcard matchers (wildcard, anything-but wildcard)');
  }
  try {
    return { scope, text, pattern: readPattern(text, SUBSCRIBER_PROFILE) };
  } catch (error) {
    if (error instanceof PatternError) throw invalidInput(`Filter pattern is not valid: ${error.message}`);
    throw error;
  }
}

/** `METADATA` takes a list of exact values for each key, and nothing else. */
function checkExactValues(text: string): void {
  const pattern = parseObject(text) ?? {};
  const isExact = (values: unknown) =>
    Array.isArray(values) && values.every((value) => typeof value !== 'object');
  if (!Object.values(pattern).every(isExact)) {
    throw invalidInput('A METADATA filter takes lists of exact values only.');
  }
}

function hasWildcard(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.some(
      (item) =>
        (isRecord(item) && ('wildcard' in item || hasWildcardIn(item['anything-but']))) || hasWildcard(item),
    );
  }
  return isRecord(value) && Object.values(value).some(hasWildcard);
}

const hasWildcardIn = (value: unknown): boolean => isRecord(value) && 'wildcard' in value;
