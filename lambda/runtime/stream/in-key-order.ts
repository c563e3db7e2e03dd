/** Runs records of one key in their order, keys concurrently. */
export interface KeyedItem {
  readonly key: string;
}

/**
 * @param run resolves true when the next record of the key may start; false leaves the rest of the key unstarted
 */
export async function inKeyOrder<Item extends KeyedItem>(
  items: readonly Item[],
  concurrency: number,
  run: (item: Item) => Promise<boolean>,
): Promise<void> {
  const lanes = new Map<string, Item[]>();
  for (const item of items) {
    const lane = lanes.get(item.key);
    if (lane === undefined) lanes.set(item.key, [item]);
    else lane.push(item);
  }
  const waiting = [...lanes.values()];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < waiting.length) {
      for (const item of waiting[next++]!) if (!(await run(item))) break;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, waiting.length) }, worker));
}
