/** What a text is about, by words that are typical of each category. */
import type { FeedbackCategory } from '../../../catalog/agents/index.ts';
import { rounded, wordsOf } from './words.ts';

export interface Categorisation {
  readonly category: FeedbackCategory;
  /** The category's part of all that was found, less where little was found. 0: nothing was. */
  readonly confidence: number;
}

/** In this order: of two that have as many words the first one counts. */
const TYPICAL: readonly (readonly [FeedbackCategory, ReadonlySet<string>])[] = [
  typical(
    'security',
    'breach encrypted encryption hacked leak leaked password passwords permission permissions phishing security unauthorised unauthorized vulnerability',
  ),
  typical(
    'bug',
    'blank broken bug bugs corrupt crash crashed crashes error errors exception failed fails freezes fix lost wrong',
  ),
  typical(
    'performance',
    'battery fast faster lag lags latency loading memory minutes seconds slow sluggish performance speed timeout timeouts',
  ),
  typical(
    'billing',
    'billed billing card charge charged expensive invoice invoices overcharged payment price payments pricing refund subscription',
  ),
  typical(
    'usability',
    'accessibility button click clicks confused confusing difficult find font intuitive keyboard layout menu navigation screen unclear',
  ),
  typical(
    'feature-request',
    'add allow could export feature features import integrate integration missing need option request suggest support wish would',
  ),
  typical(
    'praise',
    'amazing awesome best brilliant excellent fantastic great happy love loved perfect thank thanks wonderful',
  ),
];

function typical(category: FeedbackCategory, words: string): [FeedbackCategory, ReadonlySet<string>] {
  return [category, new Set(words.split(' '))];
}

/** Words that a sure answer needs. */
const SURE = 2;

export function categoryOf(text: string): Categorisation {
  const words = new Set(wordsOf(text));
  let best: FeedbackCategory = 'other';
  let most = 0;
  let all = 0;
  for (const [category, typical] of TYPICAL) {
    const found = [...words].filter((word) => typical.has(word)).length;
    all += found;
    if (found > most) {
      most = found;
      best = category;
    }
  }
  if (most === 0) return { category: 'other', confidence: 0 };
  return { category: best, confidence: rounded((most / all) * Math.min(1, (most + 1) / (SURE + 1))) };
}
