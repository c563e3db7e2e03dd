/** The Chromium of this machine, for tests that need a real browser. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export interface FoundBrowser {
  readonly executable: string;
  /** As it says itself: `Chromium 140.0.7339.80 built on Debian GNU/Linux 12 (bookworm)`. */
  readonly version: string;
}

/** Names a browser that is elsewhere. */
export const BROWSER_VARIABLE = 'WAYBILL_BROWSER';
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** The first start after an installation is slow. */
const VERSION_MILLISECONDS = 60_000;

/** Undefined where there is none that answers. */
export async function findBrowser(): Promise<FoundBrowser | undefined> {
  const named = process.env[BROWSER_VARIABLE];
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  const candidates =
    named === undefined
      ? NAMES.flatMap((name) => directories.map((directory) => join(directory, name)))
      : [named];
  for (const executable of candidates) {
    const isThere = await access(executable, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    const version = await promisify(execFile)(executable, ['--version'], {
      timeout: VERSION_MILLISECONDS,
    }).then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    );
    if (version !== undefined) return { executable, version };
  }
  return undefined;
}
