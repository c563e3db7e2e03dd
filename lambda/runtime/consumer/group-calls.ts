/**
 * Turns single requests into batch calls without a timer: what is asked for in one turn of the event loop, or
 * while another call is under way, goes out together.
 */
export interface GroupedCalls<Item, Result> {
  /** Resolves with the item's own result. Rejects when its call throws. */
  add(item: Item): Promise<Result>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls under way at a time. More would only make the batches smaller. */
const CALLS_UNDER_WAY = 2;

export function groupCalls<Item, Result>(
  maximum: number,
  call: (items: readonly Item[]) => Promise<readonly Result[]>,
): GroupedCalls<Item, Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let underway = 0;
  let scheduled = false;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      flush();
    });
  };

  const flush = (): void => {
    while (underway < CALLS_UNDER_WAY && waiting.length > 0) {
      const batch = waiting.splice(0, maximum);
      underway += 1;
      void call(batch.map(({ item }) => item))
        .then(
          (results) => batch.forEach(({ resolve }, position) => resolve(results[position]!)),
          (error: unknown) => batch.forEach(({ reject }) => reject(error)),
        )
        .then(() => {
          underway -= 1;
          flush();
        });
    }
  };

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        schedule();
      }),
  };
}
