/**
 * What the intrinsic functions do. A function gets values and throws a text that says what is wrong with them.
 * https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
 */
import { createHash, randomUUID } from 'node:crypto';
import { seededRandom } from '../../faults.ts';
import { isArray, isObject, sameJson } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { INTRINSIC_ARRAY_ITEMS, INTRINSIC_TEXT_LENGTH } from '../limits.ts';

/** What is wrong with the arguments of a function. */
export class ArgumentProblem extends Error {
  override readonly name = 'ArgumentProblem';
}

export interface Intrinsic {
  readonly least: number;
  readonly most: number;
  run(values: readonly Json[], random: () => number): Json;
}

export const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Array: { least: 0, most: Infinity, run: (values) => values },
  ArrayPartition: {
    least: 2,
    most: 2,
    run(values) {
      const items = array(values, 0);
      const size = integer(values, 1);
      if (size < 1) throw new ArgumentProblem('The chunk size must be a positive number.');
      const chunks: Json[] = [];
      for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
      return atMost(chunks);
    },
  },
  ArrayContains: {
    least: 2,
    most: 2,
    run: (values) => array(values, 0).some((item) => sameJson(item, values[1] as Json)),
  },
  ArrayRange: {
    least: 3,
    most: 3,
    run(values) {
      const [first, last, step] = [integer(values, 0), integer(values, 1), integer(values, 2)];
      return rangeOf(first, last, step);
    },
  },
  ArrayGetItem: {
    least: 2,
    most: 2,
    run(values) {
      const item = array(values, 0)[integer(values, 1)];
      if (item === undefined) throw new ArgumentProblem(`The index ${integer(values, 1)} is out of range.`);
      return item;
    },
  },
  ArrayLength: { least: 1, most: 1, run: (values) => array(values, 0).length },
  ArrayUnique: {
    least: 1,
    most: 1,
    run: (values) =>
      array(values, 0).filter((item, index, all) => all.findIndex((one) => sameJson(one, item)) === index),
  },
  Base64Encode: {
    least: 1,
    most: 1,
    run: (values) => Buffer.from(shortText(values, 0)).toString('base64'),
  },
  Base64Decode: {
    least: 1,
    most: 1,
    run(values) {
      const encoded = shortText(values, 0);
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) {
        throw new ArgumentProblem('The argument is not a Base64 text.');
      }
      return Buffer.from(encoded, 'base64').toString('utf8');
    },
  },
  Hash: {
    least: 2,
    most: 2,
    run(values) {
      const [data = null] = values;
      const written = typeof data === 'string' ? data : JSON.stringify(data);
      if (written.length > INTRINSIC_TEXT_LENGTH) throw tooLong();
      return hashOf(written, text(values, 1));
    },
  },
  JsonMerge: {
    least: 3,
    most: 3,
    run(values) {
      if (values[2] !== false)
        throw new ArgumentProblem('Deep merging is not supported: the third argument must be false.');
      return { ...object(values, 0), ...object(values, 1) };
    },
  },
  StringToJson: {
    least: 1,
    most: 1,
    run(values) {
      const written = text(values, 0);
      try {
        return JSON.parse(written) as Json;
      } catch {
        throw new ArgumentProblem('The argument is not valid JSON.');
      }
    },
  },
  JsonToString: { least: 1, most: 1, run: (values) => JSON.stringify(values[0]) },
  MathRandom: {
    least: 2,
    most: 3,
    run(values, random) {
      const [start, end] = [Math.round(number(values, 0)), Math.round(number(values, 1))];
      if (start >= end) throw new ArgumentProblem('The start number must be less than the end number.');
      const draw = values[2] === undefined ? random() : seededRandom(Math.round(number(values, 2)))();
      return start + Math.floor(draw * (end - start));
    },
  },
  MathAdd: { least: 2, most: 2, run: (values) => integer(values, 0) + integer(values, 1) },
  StringSplit: {
    least: 2,
    most: 2,
    run(values) {
      const [whole, delimiters] = [text(values, 0), new Set(text(values, 1))];
      const parts: string[] = [];
      let part = '';
      for (const character of whole) {
        if (!delimiters.has(character)) part += character;
        else {
          if (part !== '') parts.push(part);
          part = '';
        }
      }
      return part === '' ? parts : [...parts, part];
    },
  },
  UUID: { least: 0, most: 0, run: () => randomUUID() },
};

/** From the first to the last number in steps; both ends belong to it. */
export function rangeOf(first: number, last: number, step: number): readonly number[] {
  if (step === 0) throw new ArgumentProblem('The step must not be 0.');
  const count = Math.max(0, Math.floor((last - first) / step) + 1);
  if (count > INTRINSIC_ARRAY_ITEMS) {
    throw new ArgumentProblem(`The array would have more than ${INTRINSIC_ARRAY_ITEMS} items.`);
  }
  return Array.from({ length: count }, (_, index) => first + index * step);
}

const ALGORITHMS: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** Hexadecimal. */
export function hashOf(data: string, algorithm: string): string {
  const name = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined;
  if (name === undefined) {
    throw new ArgumentProblem(`The algorithm ${algorithm} is none of ${Object.keys(ALGORITHMS).join(', ')}.`);
  }
  return createHash(name).update(data).digest('hex');
}

/** Fills the `{}` of a template, whose `\{`, `\}`, `\'` and `\\` stand for themselves. */
export function format(raw: string, values: readonly Json[]): string {
  let used = 0;
  const filled = raw.replaceAll(/\\([\s\S])|\{\}/g, (_match, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped;
    const value = values[used++];
    if (value === undefined) throw new ArgumentProblem('There are fewer arguments than {} in the template.');
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
  if (used !== values.length) {
    throw new ArgumentProblem(
      `The template has ${used} {} for ${values.length} arguments; their numbers must be the same.`,
    );
  }
  return filled;
}

/** The text of a literal in quotes. */
export function unescaped(raw: string): string {
  return raw.replaceAll(/\\([\s\S])/g, '$1');
}

function atMost(items: readonly Json[]): readonly Json[] {
  if (items.length <= INTRINSIC_ARRAY_ITEMS) return items;
  throw new ArgumentProblem(`The array would have more than ${INTRINSIC_ARRAY_ITEMS} items.`);
}

function array(values: readonly Json[], index: number): readonly Json[] {
  const value = values[index];
  if (isArray(value)) return value;
  throw new ArgumentProblem(`Argument ${index + 1} must be an array.`);
}

function object(values: readonly Json[], index: number): JsonObject {
  const value = values[index];
  if (isObject(value)) return value;
  throw new ArgumentProblem(`Argument ${index + 1} must be a JSON object.`);
}

function text(values: readonly Json[], index: number): string {
  const value = values[index];
  if (typeof value === 'string') return value;
  throw new ArgumentProblem(`Argument ${index + 1} must be a string.`);
}

function shortText(values: readonly Json[], index: number): string {
  const value = text(values, index);
  if (value.length > INTRINSIC_TEXT_LENGTH) throw tooLong();
  return value;
}

function tooLong(): ArgumentProblem {
  return new ArgumentProblem(`The argument is longer than ${INTRINSIC_TEXT_LENGTH} characters.`);
}

function number(values: readonly Json[], index: number): number {
  const value = values[index];
  if (typeof value === 'number') return value;
  throw new ArgumentProblem(`Argument ${index + 1} must be a number.`);
}

const INTEGER_BOUND = 2 ** 31;

/** A number that is no integer is rounded to one. */
function integer(values: readonly Json[], index: number): number {
  const value = Math.round(number(values, index));
  if (value >= -INTEGER_BOUND && value < INTEGER_BOUND) return value;
  throw new ArgumentProblem(`Argument ${index + 1} must be from -2147483648 to 2147483647.`);
}
