/** How somebody feels, by the words they chose. A list of words and two rules: the same text has the same score forever. */
import { rounded, wordsOf } from './words.ts';

export interface Sentiment {
  /** -1 to 1. */
  readonly score: number;
  readonly label: 'negative' | 'neutral' | 'positive';
}

/** What a word says, and the words that say it. */
const WORDS: readonly (readonly [weight: number, words: string])[] = [
  [3, 'amazing awesome brilliant excellent fantastic love loved perfect wonderful'],
  [2, 'best delightful fast good great happy helpful impressed nice pleasant reliable smooth useful'],
  [1, 'better clear easy improved like thanks works'],
  [-1, 'bug cannot confused difficult error errors hard issue missing problem unclear unfortunately'],
  [
    -2,
    'angry annoying bad broken confusing crash crashed crashes disappointed failed fails frustrating lost',
  ],
  [-2, 'overcharged poor slow sluggish worse wrong'],
  [-3, 'awful hate horrible leaked terrible unacceptable unusable useless worst'],
];
const WEIGHTS: ReadonlyMap<string, number> = new Map(
  WORDS.flatMap(([weight, words]) => words.split(' ').map((word) => [word, weight] as const)),
);
const NEGATIONS: ReadonlySet<string> = new Set(
  "can't didn't doesn't don't hardly isn't never no not wasn't without won't".split(' '),
);
const STRENGTHS: ReadonlyMap<string, number> = new Map([
  ['absolutely', 2],
  ['extremely', 2],
  ['really', 1.5],
  ['totally', 1.5],
  ['very', 1.5],
  ['slightly', 0.5],
  ['somewhat', 0.5],
]);

/** Words before one that turn it around or make it stronger. */
const REACH = 3;
/** What is turned around is weaker than its opposite: "not bad" is not "good". */
const TURNED = -0.5;
/** How soon a sum is as good as 1: one strong word alone is about 0.6. */
const SOFTNESS = 15;
/** From this score on somebody is glad, or the opposite. */
const NEUTRAL_BELOW = 0.2;

export function sentimentOf(text: string): Sentiment {
  const words = wordsOf(text);
  let sum = 0;
  for (const [index, word] of words.entries()) {
    const weight = WEIGHTS.get(word);
    if (weight === undefined) continue;
    const before = words.slice(Math.max(0, index - REACH), index);
    const strength = before.reduce((product, one) => product * (STRENGTHS.get(one) ?? 1), 1);
    sum += weight * strength * (before.some((one) => NEGATIONS.has(one)) ? TURNED : 1);
  }
  const score = rounded(sum / Math.sqrt(sum * sum + SOFTNESS));
  return { score, label: labelOf(score) };
}

function labelOf(score: number): Sentiment['label'] {
  if (score >= NEUTRAL_BELOW) return 'positive';
  return score <= -NEUTRAL_BELOW ? 'negative' : 'neutral';
}
