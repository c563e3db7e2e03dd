/** LISTEN for nudges of the relay, see postgres/listen.ts. */
import { listen as listenOn } from '../postgres/listen.ts';
import type { ListenOptions } from '../postgres/listen.ts';
import { NOTIFY_CHANNEL } from './nudge.ts';

export function listen(options: Omit<ListenOptions, 'channel' | 'listener'>): { close(): Promise<void> } {
  return listenOn({ ...options, channel: NOTIFY_CHANNEL, listener: 'the outbox relay' });
}
