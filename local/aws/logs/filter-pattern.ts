/**
 * Filter patterns: which log events a filter wants.
 * "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail",
 * AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
import { columnPattern } from './column-pattern.ts';
import { invalidParameter } from './errors.ts';
import { jsonPattern } from './json-pattern.ts';
import type { FilterPattern } from './model.ts';
import { escaped, expressionTest } from './text-tests.ts';

/** @throws AwsError InvalidParameterException */
export function parseFilterPattern(pattern: string): FilterPattern {
  const text = pattern.trim();
  if (text === '') return { matches: () => true, valueOf: () => undefined };
  if (text.startsWith('{')) return jsonPattern(text);
  if (text.startsWith('[')) return columnPattern(text);
  return termPattern(text);
}

interface Term {
  readonly kind: 'required' | 'optional' | 'excluded';
  readonly test: (message: string) => boolean;
}

/** Terms side by side: all of them, `?` any of them, `-` none; case counts. */
function termPattern(text: string): FilterPattern {
  const terms = [...text.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)*)%|(\S+))/g)].map(
    ([, mark, phrase, expression, word]): Term => ({
      kind: mark === '?' ? 'optional' : mark === '-' ? 'excluded' : 'required',
      test:
        expression !== undefined
          ? expressionTest(expression)
          : phrase !== undefined
            ? phraseTest(phrase.replace(/\\(.)/g, '$1'))
            : wordTest(word ?? ''),
    }),
  );
  const required = terms.filter(({ kind }) => kind === 'required');
  const excluded = terms.filter(({ kind }) => kind === 'excluded');
  // The page: an optional term beside terms of another kind is ignored.
  const optional =
    required.length + excluded.length > 0 ? [] : terms.filter(({ kind }) => kind === 'optional');
  return {
    matches: (message) =>
      required.every(({ test }) => test(message)) &&
      !excluded.some(({ test }) => test(message)) &&
      (optional.length === 0 || optional.some(({ test }) => test(message))),
    valueOf: () => undefined,
  };
}

function wordTest(word: string): (message: string) => boolean {
  if (!/^[\w*]+$/.test(word)) {
    throw invalidParameter(
      `Invalid filter pattern: the term ${word} holds a character that is neither a letter, a digit nor an underscore. Put it in double quotes.`,
    );
  }
  return phraseTest(word);
}

/** A term is found as a whole: not within a longer word. */
function phraseTest(phrase: string): (message: string) => boolean {
  const start = /^\w/.test(phrase) ? String.raw`(?<!\w)` : '';
  const end = /\w$/.test(phrase) ? String.raw`(?!\w)` : '';
  const expression = new RegExp(start + escaped(phrase) + end);
  return (message) => expression.test(message);
}
