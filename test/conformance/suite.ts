/** Runs the conformance suite with jest in a process of its own, and gives what became of each behaviour. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { RESULTS_FILE_VARIABLE, type Result } from './results.ts';
import { ENDPOINT_VARIABLE, SLOW_VARIABLE } from './target.ts';

export interface SuiteOptions {
  /** Undefined for the embedded AWS. */
  readonly endpoint: string | undefined;
  /** Empty for all. */
  readonly services: readonly string[];
  readonly slow: boolean;
}

/** What the runner says when jest itself failed, which is no result. */
export class SuiteError extends Error {
  override readonly name = 'SuiteError';
}

/** Rejects with a {@link SuiteError} when a file of the suite can't be run at all. */
export async function runSuite({ endpoint, services, slow }: SuiteOptions): Promise<readonly Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-conformance-'));
  try {
    const file = join(directory, 'results.jsonl');
    const paths =
      services.length > 0 ? services.map((name) => `test/conformance/${name}/`) : ['test/conformance/'];
    const complaint = await ended(
      spawn(
        process.execPath,
        [
          '--experimental-vm-modules',
          '--disable-warning=ExperimentalWarning',
          'node_modules/jest/bin/jest.js',
          '--silent',
          ...paths,
        ],
        {
          stdio: ['ignore', 'ignore', 'pipe'],
          env: {
            ...process.env,
            [RESULTS_FILE_VARIABLE]: file,
            [ENDPOINT_VARIABLE]: endpoint ?? '',
            [SLOW_VARIABLE]: slow ? '1' : '',
          },
        },
      ),
    );
    if (complaint.includes('Test suite failed to run')) throw new SuiteError(complaint);
    if (!existsSync(file)) throw new SuiteError(`No behaviour was run:\n${complaint}`);
    return readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Result)
      .toSorted((a, b) => a.service.localeCompare(b.service) || a.behaviour.localeCompare(b.behaviour));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What a process wrote to its standard error, once it has ended. */
function ended(child: ChildProcessByStdio<null, null, Readable>): Promise<string> {
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(text));
  });
}
