/** What was seen of each transport: kept beside the suite, so that the document can be made without running it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Results {
  readonly transport: string;
  /** What it ran on. */
  readonly broker: string;
  readonly costs: {
    readonly reader: string;
    readonly crash: string;
    /** Bytes. */
    readonly largestEvent: number | null;
    /** Seconds, or for as long as the event is kept. */
    readonly deduplicationWindow: number | 'forever' | null;
  };
  /** By the case's id. */
  readonly cases: Readonly<Record<string, string>>;
}

const DIRECTORY = join(import.meta.dirname, 'results');

/** Set by the script that publishes: without it a run changes nothing. */
export const PUBLISH_VARIABLE = 'CONFORMANCE_PUBLISH';

export function recordResults(results: Results): void {
  if (process.env[PUBLISH_VARIABLE] === undefined) return;
  writeFileSync(join(DIRECTORY, fileOf(results.transport)), `${JSON.stringify(results, null, 2)}\n`);
}

export function publishedResults(transport: string): Results | undefined {
  const file = join(DIRECTORY, fileOf(transport));
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : undefined;
}

export function allPublishedResults(): Results[] {
  return readdirSync(DIRECTORY)
    .toSorted()
    .map((file) => JSON.parse(readFileSync(join(DIRECTORY, file), 'utf8')) as Results);
}

const fileOf = (transport: string): string =>
  `${transport
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '')}.json`;
