/** The words of a text, as all models read it. */

/** In small letters, without accents; a word is letters and digits, with an apostrophe inside. */
export function wordsOf(text: string): readonly string[] {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('’', "'");
  return plain.match(/[\p{L}\p{N}]+(?:'[\p{L}]+)*/gu) ?? [];
}

/** To a thousandth: what is stored and compared must not depend on how sums were rounded on the way. */
export function rounded(value: number): number {
  // `+ 0` makes of -0 a 0.
  return Math.round(value * 1_000) / 1_000 + 0;
}
