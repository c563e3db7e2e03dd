/**
 * Faults that the chaos run and tests inject into functions: an instance that dies before or during the handler, a
 * result that is lost on its way back, a slow start or handler, a throttle, an error, items of a batch that fail. Drawn
 * from the context's seeded sequence, so a run can be repeated.
 */
export interface FunctionFaults {
  /** Probability, 0 to 1: the instance dies before the handler sees the event. */
  readonly crashBefore?: number;
  /** Probability: the instance dies while the handler runs; its effects up to then stay. */
  readonly crashDuring?: number;
  /** Probability: the handler runs to its end and its answer is thrown away. */
  readonly loseResponse?: number;
  /** Probability: a new instance starts late, by `slowStartMilliseconds`. */
  readonly slowStart?: number;
  /** Milliseconds; 1,000 when absent. */
  readonly slowStartMilliseconds?: number;
}

/** What goes wrong with an invocation. */
export type InvocationFault =
  /** The instance dies before the handler sees the event. */
  | { readonly kind: 'crash-before' }
  /** The instance dies while the handler runs; its effects up to then stay. */
  | { readonly kind: 'crash-during' }
  /** The handler runs to its end and its answer is thrown away. */
  | { readonly kind: 'lose-response' }
  /** Refused with `TooManyRequestsException`, before anything runs. */
  | { readonly kind: 'throttle' }
  /** The function answers with this error; the handler does not run. */
  | { readonly kind: 'fail'; readonly errorType?: string; readonly errorMessage?: string }
  /** The handler starts so much later, by the machine's time; the function's timeout runs meanwhile. */
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** The handler runs, and this share of the batch's items is reported as failed besides what it answers. */
  | { readonly kind: 'fail-items'; readonly share: number };

export interface FunctionFaultRule {
  /** `*` for every function. */
  readonly functionName: string;
  readonly fault: InvocationFault;
  /** Narrows the rule to events for which this is true. */
  readonly matches?: (event: unknown) => boolean;
  /** 0 to 1; 1 when absent. */
  readonly probability?: number;
  /** Fires at the nth invocation that the rule is asked about and at none before; 1 when absent. */
  readonly from?: number;
  /** The rule ends after so many faults; unlimited when absent. */
  readonly times?: number;
}

export interface LambdaFaults {
  /** Sets the faults of a function, or of all functions (`*`) that have none of their own. Replaces earlier ones. */
  set(functionName: string, faults: FunctionFaults): void;
  /** Adds a rule; the returned function removes it. Of several that fire, the first added wins. */
  add(rule: FunctionFaultRule): () => void;
  clear(): void;
  /** @param payload the event as JSON */
  forInvocation(functionName: string, payload: string): InvocationFault | undefined;
  /** Milliseconds to hold back the start of a new instance. */
  startDelay(functionName: string): number;
  /** A number in [0, 1) from the seeded sequence. */
  random(): number;
  /** How many were injected so far, by kind. */
  injected(): Readonly<Record<string, number>>;
}

const DEFAULT_SLOW_START_MILLISECONDS = 1000;

/** @param random a seeded sequence of numbers in [0, 1). */
export function createLambdaFaults(random: () => number): LambdaFaults {
  const byFunction = new Map<string, FunctionFaults>();
  const rules = new Map<symbol, { readonly rule: FunctionFaultRule; asked: number; fired: number }>();
  const counts: Record<string, number> = {};
  const faultsOf = (functionName: string): FunctionFaults | undefined =>
    byFunction.get(functionName) ?? byFunction.get('*');
  const count = (kind: string): void => {
    counts[kind] = (counts[kind] ?? 0) + 1;
  };

  const byRule = (functionName: string, payload: string): InvocationFault | undefined => {
    for (const [id, entry] of rules) {
      const { rule } = entry;
      if (rule.functionName !== '*' && rule.functionName !== functionName) continue;
      if (rule.matches && !rule.matches(JSON.parse(payload) as unknown)) continue;
      entry.asked++;
      if (entry.asked < (rule.from ?? 1) || random() >= (rule.probability ?? 1)) continue;
      entry.fired++;
      if (entry.fired >= (rule.times ?? Infinity)) rules.delete(id);
      return rule.fault;
    }
    return undefined;
  };

  const byProbability = (functionName: string): InvocationFault | undefined => {
    const faults = faultsOf(functionName);
    if (faults === undefined) return undefined;
    const kinds = [
      ['crash-before', faults.crashBefore],
      ['crash-during', faults.crashDuring],
      ['lose-response', faults.loseResponse],
    ] as const;
    for (const [kind, probability] of kinds) {
      if (probability !== undefined && random() < probability) return { kind };
    }
    return undefined;
  };

  return {
    set: (functionName, faults) => void byFunction.set(functionName, faults),
    add(rule) {
      const id = Symbol(rule.functionName);
      rules.set(id, { rule, asked: 0, fired: 0 });
      return () => rules.delete(id);
    },
    clear() {
      byFunction.clear();
      rules.clear();
    },
    forInvocation(functionName, payload) {
      const fault = byRule(functionName, payload) ?? byProbability(functionName);
      if (fault) count(fault.kind);
      return fault;
    },
    startDelay(functionName) {
      const faults = faultsOf(functionName);
      if (faults?.slowStart === undefined || random() >= faults.slowStart) return 0;
      count('slow-start');
      return faults.slowStartMilliseconds ?? DEFAULT_SLOW_START_MILLISECONDS;
    },
    random,
    injected: () => ({ ...counts }),
  };
}
