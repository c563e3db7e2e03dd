/**
 * A binary min-heap. The queue keeps its order in these: by sequence for what waits, by time for what is due.
 */

/** A heap of `Item`s, smallest key first. Keys are read when items move, so an item's key must not change inside. */
export interface Heap<Item> {
  readonly size: number;
  peek(): Item | undefined;
  push(item: Item): void;
  pop(): Item | undefined;
  /** Drops every item for which `keep` is false. */
  retain(keep: (item: Item) => boolean): void;
}

export function createHeap<Item>(key: (item: Item) => number): Heap<Item> {
  let items: Item[] = [];

  const rise = (start: number): void => {
    const item = items[start] as Item;
    const itemKey = key(item);
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = items[parent] as Item;
      if (key(above) <= itemKey) break;
      items[index] = above;
      index = parent;
    }
    items[index] = item;
  };

  const sink = (start: number): void => {
    const item = items[start] as Item;
    const itemKey = key(item);
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && key(items[child + 1] as Item) < key(items[child] as Item)) child++;
      const below = items[child] as Item;
      if (key(below) >= itemKey) break;
      items[index] = below;
      index = child;
    }
    items[index] = item;
  };

  return {
    get size() {
      return items.length;
    },
    peek: () => items[0],
    push(item) {
      items.push(item);
      rise(items.length - 1);
    },
    pop() {
      const first = items[0];
      const last = items.pop();
      if (items.length > 0 && last !== undefined) {
        items[0] = last;
        sink(0);
      }
      return first;
    },
    retain(keep) {
      items = items.filter(keep);
      for (let index = (items.length >> 1) - 1; index >= 0; index--) sink(index);
    },
  };
}
