/**
 * A sorted collection: blocks of neighbours in order, found by binary search. Inserting and deleting move the entries of
 * one block only, whatever the number of entries.
 */

/** A block is cut in two when it is longer. Measured: 128 to 512 are alike, longer ones are slower to insert into. */
const LONGEST_BLOCK = 256;

export type Compare<Entry> = (left: Entry, right: Entry) => number;

export interface OrderedEntries<Entry> {
  readonly size: number;
  /** Takes the place of an entry that compares equal. */
  insert(entry: Entry): void;
  delete(entry: Entry): void;
  /**
   * The entries in order, from the first for which `isBefore` is false; or in reverse order, from the last for which it
   * is true. `isBefore` is true for a first part of the entries and false for the rest.
   */
  from(isBefore: (entry: Entry) => boolean, reverse?: boolean): IterableIterator<Entry>;
  all(): IterableIterator<Entry>;
  clear(): void;
}

export function createOrderedEntries<Entry>(compare: Compare<Entry>): OrderedEntries<Entry> {
  let blocks: Entry[][] = [];
  let size = 0;

  /** The first place where `isBefore` is false. */
  const seek = (isBefore: (entry: Entry) => boolean): { block: number; index: number } => {
    // The first block whose last entry is not before.
    const block = firstFalse(blocks.length, (at) => isBefore(blocks[at]?.at(-1) as Entry));
    const entries = blocks[block] ?? [];
    return { block, index: firstFalse(entries.length, (at) => isBefore(entries[at] as Entry)) };
  };

  return {
    get size() {
      return size;
    },
    insert(entry) {
      if (blocks.length === 0) {
        blocks.push([entry]);
        size = 1;
        return;
      }
      const place = seek((other) => compare(other, entry) < 0);
      const last = place.block === blocks.length;
      const at = last ? place.block - 1 : place.block;
      const block = blocks[at] as Entry[];
      const index = last ? block.length : place.index;
      const existing = block[index];
      if (existing !== undefined && compare(existing, entry) === 0) {
        block[index] = entry;
        return;
      }
      block.splice(index, 0, entry);
      size++;
      if (block.length > LONGEST_BLOCK) blocks.splice(at + 1, 0, block.splice(LONGEST_BLOCK / 2));
    },
    delete(entry) {
      const { block: at, index } = seek((other) => compare(other, entry) < 0);
      const block = blocks[at];
      const existing = block?.[index];
      if (block === undefined || existing === undefined || compare(existing, entry) !== 0) return;
      block.splice(index, 1);
      size--;
      if (block.length === 0) blocks.splice(at, 1);
    },
    *from(isBefore, reverse = false) {
      const { block: start, index } = seek(isBefore);
      if (reverse) {
        for (let block = start, at = index - 1; block >= 0; block--, at = (blocks[block]?.length ?? 0) - 1) {
          for (; at >= 0; at--) yield blocks[block]?.[at] as Entry;
        }
        return;
      }
      for (let block = start, at = index; block < blocks.length; block++, at = 0) {
        const entries = blocks[block] as Entry[];
        for (; at < entries.length; at++) yield entries[at] as Entry;
      }
    },
    *all() {
      for (const block of blocks) yield* block;
    },
    clear() {
      blocks = [];
      size = 0;
    },
  };
}

/** The first of `count` places at which `holds` is false, when it is true up to there. */
function firstFalse(count: number, holds: (at: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
