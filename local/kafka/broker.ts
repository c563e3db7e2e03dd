/** What the handlers of a broker's requests share. */
import type { Client } from './groups/member.ts';
import type { Groups } from './groups/groups.ts';
import type { Topics } from './storage/topics.ts';

/** The only node there is. */
export const NODE_ID = 1;

export interface Broker {
  readonly topics: Topics;
  readonly groups: Groups;
  readonly clusterId: string;
  readonly host: string;
  readonly port: () => number;
  /** Whether asking for a topic makes it. */
  readonly autoCreateTopics: boolean;
  readonly now: () => number;
  readonly nextProducerId: () => number;
}

/** What a handler is told beside its request. */
export interface RequestContext extends Client {
  readonly version: number;
  /** Aborted when the client goes away, which ends a long poll. */
  readonly gone: AbortSignal;
}
