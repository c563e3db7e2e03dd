/**
 * Retry and Catch of a definition.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
import { isArray, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { isWhole, refuseUnknown } from './diagnostics.ts';
import type { Diagnostics, FlowScope } from './diagnostics.ts';
import type { QueryLanguage } from './definition.ts';
import { validateAssign, validateExpressions, validateReferencePath } from './validate-expressions.ts';

const RETRIER_FIELDS: ReadonlySet<string> = new Set([
  'BackoffRate',
  'Comment',
  'ErrorEquals',
  'IntervalSeconds',
  'JitterStrategy',
  'MaxAttempts',
  'MaxDelaySeconds',
]);
const CATCHER_FIELDS: Readonly<Record<QueryLanguage, ReadonlySet<string>>> = {
  JSONPath: new Set(['Assign', 'Comment', 'ErrorEquals', 'Next', 'ResultPath']),
  JSONata: new Set(['Assign', 'Comment', 'ErrorEquals', 'Next', 'Output']),
};
/** Seconds; the page above: "less than 31622400". */
const LONGEST_DELAY = 31_622_399;

export function validateRetry(retry: Json | undefined, at: string, report: Diagnostics): void {
  for (const [place, retrier, last] of handlers(retry, at, report)) {
    refuseUnknown(retrier, RETRIER_FIELDS, place, report);
    validateErrorEquals(retrier, place, last, report);
    const { IntervalSeconds: interval, MaxAttempts: attempts, BackoffRate: rate } = retrier;
    const { MaxDelaySeconds: delay, JitterStrategy: jitter } = retrier;
    if (interval !== undefined && !isWhole(interval, 1)) {
      report.schema(`${place}/IntervalSeconds`, 'The value must be a positive integer.');
    }
    if (attempts !== undefined && !isWhole(attempts, 0)) {
      report.schema(`${place}/MaxAttempts`, 'The value must be an integer of 0 or more.');
    }
    if (rate !== undefined && !(typeof rate === 'number' && rate >= 1)) {
      report.schema(`${place}/BackoffRate`, 'The value must be a number of 1.0 or more.');
    }
    if (delay !== undefined && !isWhole(delay, 1, LONGEST_DELAY)) {
      report.schema(`${place}/MaxDelaySeconds`, `The value must be an integer from 1 to ${LONGEST_DELAY}.`);
    }
    if (isWhole(delay, 1) && delay <= (isWhole(interval, 1) ? interval : 1)) {
      report.schema(`${place}/MaxDelaySeconds`, "'MaxDelaySeconds' must be greater than 'IntervalSeconds'.");
    }
    if (jitter !== undefined && jitter !== 'FULL' && jitter !== 'NONE') {
      report.schema(`${place}/JitterStrategy`, 'The value must be one of FULL, NONE.');
    }
  }
}

export function validateCatch(
  catchers: Json | undefined,
  at: string,
  language: QueryLanguage,
  scope: FlowScope,
): void {
  const { report } = scope;
  for (const [place, catcher, last] of handlers(catchers, at, report)) {
    refuseUnknown(catcher, CATCHER_FIELDS[language], place, report);
    validateErrorEquals(catcher, place, last, report);
    if (typeof catcher['Next'] !== 'string') report.schema(`${place}/Next`, 'The field is required.');
    if (catcher['ResultPath'] !== null) {
      validateReferencePath(catcher['ResultPath'], `${place}/ResultPath`, report);
    }
    if (language === 'JSONata') validateExpressions(catcher['Output'], `${place}/Output`, report);
    validateAssign(catcher['Assign'], `${place}/Assign`, language, scope);
  }
}

function handlers(
  list: Json | undefined,
  at: string,
  report: Diagnostics,
): readonly (readonly [place: string, handler: JsonObject, last: boolean])[] {
  if (list === undefined) return [];
  if (!isArray(list)) {
    report.schema(at, 'The value must be an array.');
    return [];
  }
  return list.flatMap((item, index) => {
    const place = `${at}[${index}]`;
    if (isObject(item)) return [[place, item, index === list.length - 1] as const];
    report.schema(place, 'The value must be a JSON object.');
    return [];
  });
}

/** States.ALL stands alone and last. */
function validateErrorEquals(handler: JsonObject, at: string, last: boolean, report: Diagnostics): void {
  const names = handler['ErrorEquals'];
  const place = `${at}/ErrorEquals`;
  if (!isArray(names) || names.length === 0 || names.some((name) => typeof name !== 'string')) {
    report.schema(place, 'The value must be an array of error names with at least one item.');
  } else if (names.includes('States.ALL')) {
    if (names.length > 1) report.schema(place, "'States.ALL' must appear alone.");
    if (!last) report.schema(place, "'States.ALL' must be in the last element.");
  }
}
