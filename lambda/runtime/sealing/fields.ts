/** Finds the texts to seal by a contract's paths, and the sealed texts of any data, and replaces them in a copy. */
import { SealingError } from './errors.ts';
import { ERASED, isSealed } from './sealed-text.ts';

/** @returns the new text of a field */
export type ReplaceText = (text: string, path: string) => string;

/**
 * A copy of the data with every text at the paths replaced. A path to an object or a list means every text in it.
 *
 * | found at a path          | what becomes of it                          |
 * |--------------------------|---------------------------------------------|
 * | text                     | replaced                                    |
 * | object, list             | every text in it                            |
 * | nothing, null            | left: there is nothing to seal              |
 * | text that is sealed      | WAYBILL_SEALED_ELSEWHERE                    |
 * | number, boolean          | WAYBILL_PII_NOT_TEXT: it can't be sealed    |
 *
 * @throws SealingError WAYBILL_PII_NOT_TEXT, WAYBILL_SEALED_ELSEWHERE
 */
export function replaceAtPaths(data: unknown, paths: readonly string[], replace: ReplaceText): unknown {
  return paths.reduce((current, path) => replaceAt(current, path.split('.'), [], replace), data);
}

/** A copy of the data with every sealed text replaced. */
export function replaceSealed(data: unknown, replace: ReplaceText): unknown {
  return replaceLeaves(data, [], (value, path) => (isSealed(value) ? replace(value, path) : value));
}

export function hasSealed(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return isSealed(data);
  return Object.values(data).some(hasSealed);
}

/**
 * Whether a text at the paths is neither sealed nor erased.
 * @throws SealingError WAYBILL_PII_NOT_TEXT
 */
export function hasClearText(data: unknown, paths: readonly string[]): boolean {
  let isClear = false;
  const unsealed = replaceSealed(data, () => ERASED);
  replaceAtPaths(unsealed, paths, (text) => {
    isClear ||= text !== ERASED;
    return text;
  });
  return isClear;
}

function replaceAt(
  value: unknown,
  [step, ...rest]: readonly string[],
  done: readonly string[],
  replace: ReplaceText,
): unknown {
  if (step === undefined) {
    return replaceLeaves(value, done, (leaf, path) => {
      if (leaf === null || leaf === undefined) return leaf;
      if (isSealed(leaf)) {
        throw new SealingError(
          'WAYBILL_SEALED_ELSEWHERE',
          `field '${path}' was sealed for another event and would open in none: open it first, with the \`sealer\` option of consume()`,
        );
      }
      if (typeof leaf === 'string') return replace(leaf, path);
      throw new SealingError(
        'WAYBILL_PII_NOT_TEXT',
        `field '${path}' holds personal data that is no text (${typeof leaf}), and only text can be sealed: declare it as text`,
      );
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      step === '*' || step === String(index)
        ? replaceAt(item, rest, [...done, String(index)], replace)
        : item,
    );
  }
  if (!Object.hasOwn(value, step)) return value;
  const inside = (value as Record<string, unknown>)[step];
  return { ...value, [step]: replaceAt(inside, rest, [...done, step], replace) };
}

function replaceLeaves(
  value: unknown,
  path: readonly string[],
  replace: (leaf: unknown, path: string) => unknown,
): unknown {
  if (typeof value !== 'object' || value === null) return replace(value, path.join('.'));
  if (Array.isArray(value)) {
    return value.map((item, index) => replaceLeaves(item, [...path, String(index)], replace));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaceLeaves(item, [...path, key], replace)]),
  );
}
