/** FilterCriteria of an event source mapping: which records of a batch reach the function. */
import { isRecord, parseObject } from '../json.ts';
import { PatternError } from './pattern-error.ts';
import { type Pattern, readPattern } from './pattern.ts';
import { EVENT_SOURCE_MAPPING_PROFILE } from './profiles.ts';

/** Filters per mapping; AWS raises it to 10 on request. lambda/latest/dg/invocation-eventfiltering.html. */
const MAX_FILTERS = 10;

export interface MappingFilter {
  /** `record` is the record as the function would get it, e.g. an SQS record with its `body` as text. */
  matches(record: Readonly<Record<string, unknown>>): boolean;
}

/**
 * A filter from the `Filters[].Pattern` texts of a mapping; a record has to match one of them.
 *
 * The text of a record is its `body`, for Kinesis its decoded `data`, for Kafka its decoded `value`. Text that is JSON is looked at as JSON when the
 * pattern asks for an object there, and as text when it asks for values. What does not fit is no match: Lambda deletes
 * such SQS messages.
 * "Properly filtering Amazon SQS messages", lambda/latest/dg/with-sqs-filtering.html.
 *
 * @throws PatternError for what CreateEventSourceMapping refuses
 */
export function createMappingFilter(
  patterns: readonly string[],
  textMember: 'body' | 'data' | 'value' = 'body',
): MappingFilter {
  if (patterns.length > MAX_FILTERS) {
    throw new PatternError(`a mapping has at most ${MAX_FILTERS} filters, got ${patterns.length}`);
  }
  if (patterns.length === 0) return { matches: () => true };
  const filters = patterns.map((text) => ({
    pattern: readPattern(text, EVENT_SOURCE_MAPPING_PROFILE),
    asJson: asksForJson(text, textMember),
  }));
  return {
    matches: (record) =>
      filters.some(({ pattern, asJson }) => matchesRecord(pattern, asJson ? textMember : undefined, record)),
  };
}

function matchesRecord(
  pattern: Pattern,
  jsonMember: string | undefined,
  record: Readonly<Record<string, unknown>>,
): boolean {
  const text = jsonMember === undefined ? undefined : record[jsonMember];
  if (jsonMember === undefined || typeof text !== 'string') return pattern.matches(record);
  const parsed = parseObject(text);
  return parsed !== undefined && pattern.matches({ ...record, [jsonMember]: parsed });
}

function asksForJson(text: string, textMember: string): boolean {
  const pattern: unknown = JSON.parse(text);
  return isRecord(pattern) && isRecord(pattern[textMember]);
}
