/** `superviseConsumers()`: runs each reader of a process while its consumer is live on the process's transport. */
import type { SuperviseOptions, Supervisor } from './types.ts';

/**
 * Starts each consumer's reader when it is live on this transport, and stops it, with its handlers drained, when it is
 * not. Resolves when it has looked once; a database that is away is tried again. Readers go on as they are meanwhile:
 * `claimEffect` is what keeps two transports apart, and this only saves them the trouble.
 */
export function superviseConsumers(_options: SuperviseOptions): Promise<Supervisor> {
  throw new Error('not built yet');
}
