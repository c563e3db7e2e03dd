/**
 * What SQS promises, checked on what its clients saw: a history of sends, receives, visibility changes, deletes
 * and dead letters. The checker knows the documented rules and nothing of the queue's insides.
 */

export type QueueRole = 'main' | 'dead';

export type Event = { readonly at: number } & (
  | {
      readonly kind: 'sent';
      readonly body: string;
      readonly group: string;
      /** Undefined on standard queues. */
      readonly deduplicationId: string | undefined;
      readonly delay: number;
    }
  | {
      readonly kind: 'received';
      readonly queue: QueueRole;
      readonly until: number;
      readonly messages: readonly { readonly body: string; readonly count: number }[];
    }
  /** A visibility timeout was changed. */
  | { readonly kind: 'held'; readonly body: string; readonly until: number }
  /** `latest`: with the handle of its latest receive. */
  | { readonly kind: 'deleted'; readonly body: string; readonly latest: boolean }
  | { readonly kind: 'dead-lettered'; readonly body: string }
  /** A move task brought it back: a new message. */
  | { readonly kind: 'moved'; readonly body: string }
);

export interface Rules {
  readonly fifo: boolean;
  readonly scope: 'queue' | 'messageGroup';
  readonly maxReceiveCount: number;
  /** Milliseconds. */
  readonly deduplicationWindow: number;
}

interface Known {
  readonly body: string;
  readonly group: string;
  readonly availableAt: number;
  queue: QueueRole | 'gone';
  /** Receives since it was sent or moved back. */
  receives: number;
  /** Receives in the queue it is in. */
  receivesHere: number;
  heldUntil: number;
}

/** The first broken promise in words, or undefined. `left` is what the queues hold in the end. */
export function brokenPromise(
  history: readonly Event[],
  left: Readonly<Record<QueueRole, readonly string[]>>,
  rules: Rules,
): string | undefined {
  const messages = new Map<string, Known>();
  const lines: Record<QueueRole, Known[]> = { main: [], dead: [] };
  const windows = new Map<string, number>();

  for (const event of history) {
    const problem = apply(event);
    if (problem !== undefined) return `${problem} (at ${event.at})`;
  }
  for (const role of ['main', 'dead'] as const) {
    const expected = lines[role].map(({ body }) => body);
    const same = rules.fifo ? expected : expected.toSorted((a, b) => a.localeCompare(b));
    const found = rules.fifo ? left[role] : left[role].toSorted((a, b) => a.localeCompare(b));
    if (JSON.stringify(byGroup(same)) !== JSON.stringify(byGroup(found))) {
      return `the ${role} queue should hold ${same.join()} and holds ${found.join()}`;
    }
  }
  return undefined;

  function apply(event: Event): string | undefined {
    if (event.kind === 'sent') {
      enter(event);
      return undefined;
    }
    if (event.kind === 'received') return received(event);
    const message = messages.get(event.body);
    if (!message) return `${event.body} was never sent`;
    if (event.kind === 'held') message.heldUntil = event.until;
    if (event.kind === 'deleted') {
      if (!event.latest) return `${event.body} was deleted with an old handle`;
      leave(message);
    }
    if (event.kind === 'dead-lettered') {
      if (message.heldUntil > event.at) return `${event.body} was dead-lettered while it was held`;
      if (message.receivesHere !== rules.maxReceiveCount) {
        return `${event.body} was dead-lettered after ${message.receivesHere} receives`;
      }
      leave(message);
      join(message, 'dead');
    }
    if (event.kind === 'moved') {
      leave(message);
      message.receives = 0;
      join(message, 'main');
    }
    return undefined;
  }

  function enter(event: Event & { readonly kind: 'sent' }): void {
    const { body, group, deduplicationId, at, delay } = event;
    if (deduplicationId !== undefined) {
      const key = rules.scope === 'queue' ? deduplicationId : `${group} ${deduplicationId}`;
      const until = windows.get(key);
      if (until !== undefined && at < until) return;
      windows.set(key, at + rules.deduplicationWindow);
    }
    const message: Known = {
      body,
      group,
      availableAt: at + delay,
      queue: 'gone',
      receives: 0,
      receivesHere: 0,
      heldUntil: 0,
    };
    messages.set(body, message);
    join(message, 'main');
  }

  function received(event: Event & { readonly kind: 'received' }): string | undefined {
    const { at, queue } = event;
    const lockedBefore = new Set(
      lines[queue].filter(({ heldUntil }) => heldUntil > at).map(({ group }) => group),
    );
    const next = new Map<string, number>();
    for (const { body, count } of event.messages) {
      const message = messages.get(body);
      if (!message) return `${body} was received and never accepted`;
      if (message.queue !== queue) return `${body} was received from ${queue} and is in ${message.queue}`;
      if (message.heldUntil > at) return `${body} has two receivers`;
      if (message.availableAt > at) return `${body} came before its delay was over`;
      if (count !== ++message.receives) return `${body} counts ${count} receives of ${message.receives}`;
      message.receivesHere++;
      if (queue === 'main' && message.receivesHere > rules.maxReceiveCount) {
        return `${body} was received more than ${rules.maxReceiveCount} times`;
      }
      if (rules.fifo) {
        if (lockedBefore.has(message.group)) return `${body} came while its group was in flight`;
        const place = next.get(message.group) ?? 0;
        const first = lines[queue].filter(({ group }) => group === message.group)[place];
        if (first !== message) return `${body} came before ${first?.body}`;
        next.set(message.group, place + 1);
      }
    }
    for (const { body } of event.messages) messages.get(body)!.heldUntil = event.until;
    return undefined;
  }

  function join(message: Known, queue: QueueRole): void {
    message.queue = queue;
    message.receivesHere = 0;
    message.heldUntil = 0;
    lines[queue].push(message);
  }

  function leave(message: Known): void {
    if (message.queue === 'gone') return;
    const line = lines[message.queue];
    line.splice(line.indexOf(message), 1);
    message.queue = 'gone';
  }
}

/** Order counts within a group only; a body begins with its group. */
function byGroup(bodies: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const groups: Record<string, string[]> = {};
  for (const body of bodies.toSorted((a, b) => a.charAt(0).localeCompare(b.charAt(0)))) {
    (groups[body.charAt(0)] ??= []).push(body);
  }
  return groups;
}
