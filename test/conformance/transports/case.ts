/** One case of the suite: what is promised, how it is seen, and how it is seen that it is not promised. */
import type { Claims, RunningTransport, TransportDriver } from './driver.ts';

export interface Run extends Pick<RunningTransport, 'channel' | 'now' | 'until' | 'endDeduplication'> {
  readonly driver: TransportDriver;
}

export interface Case {
  /** Stable: results are kept by it. */
  readonly id: string;
  /** In words that finish "with this transport ...". */
  readonly title: string;
  /** Which of the cases that other frameworks' suites test it answers: docs/transports.md lists them. */
  readonly anchors: readonly number[];
  /** @default - asked of every transport */
  readonly claim?: keyof Claims;
  readonly holds: (run: Run) => Promise<void>;
  /** Shows that it does not hold, where that is claimed. */
  readonly fails?: (run: Run) => Promise<void>;
}

/** What there is to see of a case on a transport. */
export type Verdict = 'holds' | 'does not hold' | `not applicable: ${string}`;

export function verdictOf({ id, claim }: Case, { claims, leftOut }: TransportDriver): Verdict {
  const why = leftOut[id];
  if (why !== undefined) return `not applicable: ${why}`;
  const claimed = claim === undefined ? true : claims[claim];
  if (typeof claimed === 'string') return `not applicable: ${claimed}`;
  return claimed ? 'holds' : 'does not hold';
}
