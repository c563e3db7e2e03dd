/** What `waybill explain` says about a code. */
export interface Explanation {
  /** What happened, in one sentence. */
  readonly what: string;
  /** Why it matters: what would be lost, or how it would fail later. */
  readonly why: string;
  /** What to do. */
  readonly fix: string;
  /** A line of code or a command that is right. */
  readonly example: string;
  /** The page that it rests on: a file of this repository, or AWS's. */
  readonly source: string;
}

/** An explanation whose source is that of its area. */
export type AreaExplanation = Omit<Explanation, 'source'> & { readonly source?: string };

export function withSource(
  area: Readonly<Record<string, AreaExplanation>>,
  source: string,
): Readonly<Record<string, Explanation>> {
  return Object.fromEntries(
    Object.entries(area).map(([code, explanation]) => [code, { source, ...explanation }]),
  );
}
