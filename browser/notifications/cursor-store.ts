/** Where the cursor of the last notification is kept between two visits; one place for all tabs of a user. */

export interface CursorStore {
  /** Undefined when nothing was kept. */
  load(): number | undefined | Promise<number | undefined>;
  /**
   * Keeps the highest of all tabs.
   * @param restarted - the server counts from the start again, so that a lower one is right
   */
  save(cursor: number, restarted: boolean): void;
}

interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * In the browser's localStorage. Where that is refused (private windows, blocked cookies) nothing is kept, and a
 * visit begins with what comes next.
 *
 * @param user - any stable name of the signed-in user: a cursor means nothing to another one
 */
export function localStorageCursors(user: string): CursorStore {
  const key = `waybill.cursor.${user}`;
  const storage = (): Storage => (globalThis as unknown as { readonly localStorage: Storage }).localStorage;
  const load = (): number | undefined => {
    try {
      const text = storage().getItem(key) ?? '';
      return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    load,
    save: (cursor, restarted) => {
      try {
        if (restarted || cursor > (load() ?? -1)) storage().setItem(key, String(cursor));
      } catch {
        // Not kept.
      }
    },
  };
}
