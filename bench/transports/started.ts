/** A contender with a server of its own. */
import type { Contender } from '../subscriptions.ts';

export interface Started {
  readonly contender: Contender;
  stop(): Promise<void>;
}
