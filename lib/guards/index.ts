/** Public surface: the guards, each in a file of its own, and what they find in an assembly. */
import { messagingOf } from '../assembly/index.ts';
import type { Assembly } from '../assembly/index.ts';
import type { Finding, Guard } from './guard.ts';
import { deadLetterRetention } from './w10-dead-letter-retention.ts';

export { codeOf, describeFinding } from './guard.ts';
export type { Finding, Guard } from './guard.ts';

/** In the order of the design. */
export const GUARDS: readonly Guard[] = [deadLetterRetention];

export interface GuardFinding {
  readonly guard: Guard;
  readonly finding: Finding;
}

/** Everything that the guards find, in their order. */
export function checkAssembly(
  assembly: Assembly,
  guards: readonly Guard[] = GUARDS,
): readonly GuardFinding[] {
  const messaging = messagingOf(assembly);
  return guards.flatMap((guard) => guard.check(messaging).map((finding) => ({ guard, finding })));
}
