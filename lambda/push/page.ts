/** What was read of a user's notifications as messages, with the holes that retention left. */
import type { ServerMessage } from './protocol.ts';
import type { Note } from './push-table.ts';

/**
 * The messages of a page. Cursors have no holes, so what is missing between two notes has expired, and so has what is
 * missing between the last one and the newest cursor that was counted before they were read.
 */
export function pageOf(
  notes: readonly Note[],
  after: number,
  newest: number,
  isFull: boolean,
): readonly ServerMessage[] {
  const messages: ServerMessage[] = [];
  let last = after;
  for (const note of notes) {
    if (note.cursor > last + 1) messages.push({ type: 'gap', from: last + 1, to: note.cursor - 1 });
    messages.push({ type: 'notification', ...note });
    last = note.cursor;
  }
  if (isFull) return [...messages, { type: 'more', cursor: last }];
  if (last < newest) messages.push({ type: 'gap', from: last + 1, to: newest });
  return [...messages, { type: 'caught-up', cursor: Math.max(last, newest) }];
}
