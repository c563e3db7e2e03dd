/**
 * Faults that tests and the chaos run inject: which call goes wrong, how, how often. Seeded, so that a run
 * can be repeated. The endpoint and service-to-service calls ask before each call (see dispatch.ts); SQS asks
 * once more per message it stores, under the action `Deliver`.
 */

/** What goes wrong. */
export type FaultEffect =
  /** The call is refused as throttled; nothing happens. */
  | { readonly kind: 'throttle' }
  /** The call is refused with this error; nothing happens. */
  | { readonly kind: 'fail'; readonly code: string; readonly message?: string; readonly httpStatus?: number }
  /** A batch call answers 200, but about this share of its entries failed and had no effect. */
  | { readonly kind: 'fail-entries'; readonly share: number; readonly code?: string }
  /** The call has its effect, but its caller sees the connection break. */
  | { readonly kind: 'drop-response' }
  /**
   * The call is held back this long first. On `sqs` `Deliver` to a standard queue the message comes so much later,
   * behind messages sent after it.
   */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** `sqs` `Deliver` to a standard queue only: the message comes a second late, behind those sent meanwhile. */
  | { readonly kind: 'reorder' }
  /** `sqs` `Deliver` only: the message is delivered twice. Standard queues may do this at any time. */
  | { readonly kind: 'duplicate' }
  /** `sqs` `Deliver` only: the message is accepted and lost. AWS never does this; a check of losses must see it. */
  | { readonly kind: 'drop' };

/** The call a rule is asked about. */
export interface FaultCall {
  readonly service: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface FaultRule {
  readonly service: string;
  /** All actions of the service when absent (never `Deliver`, `BatchItem` or `TransactItem`, which must be named). */
  readonly action?: string;
  /** Narrows the rule to calls for which this is true. */
  readonly matches?: (call: FaultCall) => boolean;
  /** 0 to 1; 1 when absent. */
  readonly probability?: number;
  /** So many calls that the rule is for pass first: 2 makes the third one fail. None when absent. */
  readonly after?: number;
  /** The rule ends after so many faults; unlimited when absent. */
  readonly times?: number;
  readonly effect: FaultEffect;
}

export interface FaultRules {
  /** Adds a rule; the returned function removes it. Of several that match, the first added that fires wins. */
  add(rule: FaultRule): () => void;
  clear(): void;
  /** The fault for this call, if any. Counts it. */
  next(call: FaultCall): FaultEffect | undefined;
  /** A number in [0, 1) from the seeded sequence. */
  random(): number;
  /** How many faults were injected so far, by `service.Action kind`. */
  injected(): Readonly<Record<string, number>>;
}

/** A set of rules, empty at first. */
export function createFaultRules(seed = 1): FaultRules {
  const rules = new Map<symbol, { readonly rule: FaultRule; toPass: number; left: number }>();
  const counts: Record<string, number> = {};
  const random = seededRandom(seed);

  return {
    add(rule) {
      const id = Symbol(rule.service);
      rules.set(id, { rule, toPass: rule.after ?? 0, left: rule.times ?? Infinity });
      return () => rules.delete(id);
    },
    clear: () => rules.clear(),
    next(call) {
      for (const [id, entry] of rules) {
        if (!applies(entry.rule, call)) continue;
        if (entry.toPass > 0) {
          entry.toPass--;
          continue;
        }
        if (random() >= (entry.rule.probability ?? 1)) continue;
        entry.left--;
        if (entry.left <= 0) rules.delete(id);
        const { effect } = entry.rule;
        const key = `${call.service}.${call.action} ${effect.kind}`;
        counts[key] = (counts[key] ?? 0) + 1;
        return effect;
      }
      return undefined;
    },
    random,
    injected: () => ({ ...counts }),
  };
}

/** A repeatable sequence of numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What services ask about within a call: `sqs` messages, `dynamodb` items of a batch or transaction. */
const PARTS_OF_CALLS: ReadonlySet<string> = new Set(['Deliver', 'BatchItem', 'TransactItem']);

function applies(rule: FaultRule, call: FaultCall): boolean {
  if (rule.service !== call.service) return false;
  if (rule.action === undefined ? PARTS_OF_CALLS.has(call.action) : rule.action !== call.action) return false;
  return rule.matches?.(call) ?? true;
}
