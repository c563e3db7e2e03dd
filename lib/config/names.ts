/** What the stacks are called in an account. */
import type { EnvironmentName } from './environments.ts';

export const APPLICATION_NAME = 'waybill';

/** @param part such as `data`: the id of the stack in lower case */
export function stackNameOf(environment: EnvironmentName, part: string): string {
  return `${APPLICATION_NAME}-${environment}-${part}`;
}
