/** What a proof is: a claim about an assembly, the hops it rests on, and every break that was found. */

export interface Proof {
  readonly kind: ProofKind;
  /** One sentence, for example `OrderPlaced from Shop/Orders reaches fulfilment`. */
  readonly claim: string;
  /** What was looked at, in the order of the flow. One line each. */
  readonly steps: readonly string[];
  /** Empty: proven. */
  readonly breaks: readonly Break[];
}

/**
 * | kind | claim |
 * |---|---|
 * | publish | a publisher may publish its events to a topic or bus |
 * | delivery | an event reaches a consumer, and where it goes when a hop fails |
 * | isolation | only declared events and tenants reach a consumer, and nobody else may publish, send or receive |
 * | privilege | everything a role needs is granted, and nothing more |
 * | alarm | what can fail has an alarm that tells people |
 */
export type ProofKind = 'publish' | 'delivery' | 'isolation' | 'privilege' | 'alarm';

export type BreakCode =
  | 'WAYBILL_PROOF_NO_PATH'
  | 'WAYBILL_PROOF_REFERENCE_MISSING'
  | 'WAYBILL_PROOF_FILTERED_OUT'
  | 'WAYBILL_PROOF_LET_THROUGH'
  | 'WAYBILL_PROOF_SWITCHED_OFF'
  | 'WAYBILL_PROOF_PERMISSION_MISSING'
  | 'WAYBILL_PROOF_PERMISSION_UNUSED'
  | 'WAYBILL_PROOF_PERMISSION_TOO_WIDE'
  | 'WAYBILL_PROOF_UNKNOWN'
  | 'WAYBILL_PROOF_NO_FAILURE_DESTINATION'
  | 'WAYBILL_PROOF_FAILURE_DESTINATION_UNFIT'
  | 'WAYBILL_PROOF_TIMING'
  | 'WAYBILL_PROOF_MESSAGE_CHANGED'
  | 'WAYBILL_PROOF_SETTING_DIFFERS'
  | 'WAYBILL_PROOF_ALARM_MISSING';

export interface Break {
  readonly code: BreakCode;
  /** The construct path of what has to be changed; the ARN of what is not in the assembly. */
  readonly resource: string;
  /** One sentence: what is wrong. */
  readonly message: string;
  /** What to do, or the statement or property that is missing. */
  readonly fix: string;
}

/** One line: code, construct path, what is wrong, the fix. */
export function describeBreak({ code, resource, message, fix }: Break): string {
  return `${code}: [${resource}] ${message}; ${fix}`;
}

/** The same break that is found several times is told once. */
export function unique(breaks: readonly Break[]): readonly Break[] {
  return [...new Map(breaks.map((one) => [JSON.stringify(one), one])).values()];
}
