/**
 * Faults that the chaos run and tests inject into functions: an instance that dies before or during the handler, a
 * result that is lost on its way back, a slow start. Drawn from the context's seeded sequence, so a run can be repeated.
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

export type InvocationFault = 'crash-before' | 'crash-during' | 'lose-response';

export interface LambdaFaults {
  /** Sets the faults of a function, or of all functions (`*`) that have none of their own. Replaces earlier ones. */
  set(functionName: string, faults: FunctionFaults): void;
  clear(): void;
  forInvocation(functionName: string): InvocationFault | undefined;
  /** Milliseconds to hold back the start of a new instance. */
  startDelay(functionName: string): number;
  /** How many were injected so far, by kind. */
  injected(): Readonly<Record<string, number>>;
}

const DEFAULT_SLOW_START_MILLISECONDS = 1000;

/** @param random a seeded sequence of numbers in [0, 1). */
export function createLambdaFaults(random: () => number): LambdaFaults {
  const byFunction = new Map<string, FunctionFaults>();
  const counts: Record<string, number> = {};
  const faultsOf = (functionName: string): FunctionFaults | undefined =>
    byFunction.get(functionName) ?? byFunction.get('*');
  const count = (kind: string): void => {
    counts[kind] = (counts[kind] ?? 0) + 1;
  };

  return {
    set: (functionName, faults) => void byFunction.set(functionName, faults),
    clear: () => byFunction.clear(),
    forInvocation(functionName) {
      const faults = faultsOf(functionName);
      if (faults === undefined) return undefined;
      const kinds: readonly (readonly [InvocationFault, number | undefined])[] = [
        ['crash-before', faults.crashBefore],
        ['crash-during', faults.crashDuring],
        ['lose-response', faults.loseResponse],
      ];
      for (const [kind, probability] of kinds) {
        if (probability !== undefined && random() < probability) {
          count(kind);
          return kind;
        }
      }
      return undefined;
    },
    startDelay(functionName) {
      const faults = faultsOf(functionName);
      if (faults?.slowStart === undefined || random() >= faults.slowStart) return 0;
      count('slow-start');
      return faults.slowStartMilliseconds ?? DEFAULT_SLOW_START_MILLISECONDS;
    },
    injected: () => ({ ...counts }),
  };
}
