/** The stream of Redis that carries the events: one for all agents, each with a group of its own. */

/**
 * For good: all who write and read the stream have the same number, and another one is refused. A partition has one
 * reader at a time for each agent, so this bounds the processes that share the work of one.
 */
export const FEEDBACK_STREAM = { stream: 'feedback', partitions: 8 } as const;
