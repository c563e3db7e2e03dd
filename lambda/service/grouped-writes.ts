/**
 * Group commit: what is to be written at the same moment goes into one transaction, so that a consumer that handles a
 * batch event by event pays for one commit and not for each.
 */

/**
 * | a group | its items |
 * |---|---|
 * | is written | are done |
 * | can't be written | are written one by one, so that only the culprit fails |
 *
 * An item waits for what is given in the same turn of the event loop, and for the group before its own. Nothing is kept
 * when all have been answered (D5).
 *
 * @param write - stores all of them or none
 */
export function groupedWrites<Item>(
  write: (items: readonly Item[]) => Promise<void>,
): (item: Item) => Promise<void> {
  let waiting: Item[] = [];
  let next: Promise<ReadonlyMap<Item, unknown>> | undefined;
  let before: Promise<unknown> = Promise.resolve();

  const writeWaiting = async (): Promise<ReadonlyMap<Item, unknown>> => {
    await before;
    await new Promise((resolve) => setImmediate(resolve));
    const items = waiting;
    waiting = [];
    next = undefined;
    const written = writeGroup(write, items);
    before = written;
    return written;
  };

  return async (item) => {
    waiting.push(item);
    next ??= writeWaiting();
    const failures = await next;
    if (failures.has(item)) throw failures.get(item);
  };
}

/** Never rejects: answers what failed, and why. */
async function writeGroup<Item>(
  write: (items: readonly Item[]) => Promise<void>,
  items: readonly Item[],
): Promise<ReadonlyMap<Item, unknown>> {
  const failures = new Map<Item, unknown>();
  try {
    await write(items);
  } catch (error) {
    if (items.length === 1) failures.set(items[0]!, error);
    else
      for (const item of items)
        for (const [one, why] of await writeGroup(write, [item])) failures.set(one, why);
  }
  return failures;
}
