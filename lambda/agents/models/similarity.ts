/** Whether two texts say the same: how many of their telling words they share. */
import { rounded, wordsOf } from './words.ts';

/** Say nothing about what a text is about. */
const COMMON: ReadonlySet<string> = new Set(
  (
    'a about after again all also an and any are as at be because been but by can do does every for from get had ' +
    'has have i if in is it its just me my of on or our please so that the their them then there they this to very ' +
    'was we were when which with you your'
  ).split(' '),
);

/** Fewer telling words say too little to be the same as others. */
const MIN_WORDS = 3;
/** Shared of all words, from which on two texts say the same. */
export const DUPLICATE_FROM = 0.6;

/** Sorted and each once, so that they can be stored and compared. */
export function tellingWords(text: string): readonly string[] {
  return [...new Set(wordsOf(text))].filter((word) => !COMMON.has(word)).sort();
}

/** Jaccard's index: shared words of all words. 0 where one of them has too few to tell. */
export function similarityOf(one: readonly string[], other: readonly string[]): number {
  if (one.length < MIN_WORDS || other.length < MIN_WORDS) return 0;
  const others = new Set(other);
  const shared = one.filter((word) => others.has(word)).length;
  return rounded(shared / (one.length + other.length - shared));
}

export interface KnownText {
  readonly feedbackId: string;
  readonly words: readonly string[];
}

/**
 * The most similar of what is known, where one is similar enough.
 * @param known - in the order in which they came: of two that are as similar the first one counts
 */
export function originalOf(
  words: readonly string[],
  known: Iterable<KnownText>,
): { readonly originalId: string; readonly similarity: number } | undefined {
  let original: { readonly originalId: string; readonly similarity: number } | undefined;
  for (const one of known) {
    const similarity = similarityOf(words, one.words);
    if (similarity < DUPLICATE_FROM || similarity <= (original?.similarity ?? 0)) continue;
    original = { originalId: one.feedbackId, similarity };
  }
  return original;
}
