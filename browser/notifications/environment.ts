/** What a client needs of the browser, so that a test can be the browser. */

/** As far as a WebSocket is used. */
export interface Socket {
  readonly addEventListener: (
    type: 'open' | 'message' | 'close',
    listener: (event: { readonly data?: unknown }) => void,
  ) => void;
  readonly send: (data: string) => void;
  readonly close: (code?: number) => void;
}

export interface Environment {
  readonly openSocket: (url: string) => Socket;
  readonly setTimer: (milliseconds: number, run: () => void) => unknown;
  readonly clearTimer: (timer: unknown) => void;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Tells when the network is there again, when it went, and when the page is looked at again. */
  readonly listen: (listeners: PageListeners) => () => void;
  /** Takes what a listener of the application threw. */
  readonly report: (error: unknown) => void;
}

export interface PageListeners {
  readonly online: () => void;
  readonly offline: () => void;
  readonly visible: () => void;
}

/** As far as we use it; so that neither the DOM's types nor Node's are needed to compile. */
interface Globals {
  readonly WebSocket: new (url: string) => Socket;
  readonly setTimeout: (run: () => void, milliseconds: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
  readonly addEventListener?: (type: string, listener: () => void) => void;
  readonly removeEventListener?: (type: string, listener: () => void) => void;
  readonly reportError?: (error: unknown) => void;
  readonly document?: {
    readonly visibilityState: string;
    addEventListener(type: string, listener: () => void): void;
    removeEventListener(type: string, listener: () => void): void;
  };
}

export function browserEnvironment(): Environment {
  const globals = globalThis as unknown as Globals;
  return {
    openSocket: (url) => new globals.WebSocket(url),
    setTimer: (milliseconds, run) => globals.setTimeout(run, milliseconds),
    clearTimer: (timer) => globals.clearTimeout(timer),
    random: () => Math.random(),
    listen: ({ online, offline, visible }) => {
      const { document } = globals;
      const looked = (): void => {
        if (document?.visibilityState === 'visible') visible();
      };
      globals.addEventListener?.('online', online);
      globals.addEventListener?.('offline', offline);
      document?.addEventListener('visibilitychange', looked);
      return () => {
        globals.removeEventListener?.('online', online);
        globals.removeEventListener?.('offline', offline);
        document?.removeEventListener('visibilitychange', looked);
      };
    },
    // Where there is no such function, an error of the application's must still not vanish.
    report: (error) =>
      globals.reportError === undefined
        ? void globals.setTimeout(() => {
            throw error;
          }, 0)
        : globals.reportError(error),
  };
}
