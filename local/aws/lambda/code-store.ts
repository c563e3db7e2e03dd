/** Where uploaded code lies: below the state directory when there is one, else in a temporary directory. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { unzip } from './zip.ts';

export interface CodeStore {
  /** Unpacks an archive; gives the directory. The same archive gives the same directory. */
  unpack(functionName: string, archive: Buffer): string;
  /** Removes what was unpacked into a temporary directory. */
  close(): void;
}

export function createCodeStore({ state }: AwsContext): CodeStore {
  let temporary: string | undefined;
  const root = (): string =>
    state.directory === undefined
      ? (temporary ??= mkdtempSync(join(tmpdir(), 'waybill-lambda-')))
      : join(state.directory, 'lambda-code');
  return {
    unpack(functionName, archive) {
      const hash = createHash('sha256').update(archive).digest('hex').slice(0, 16);
      const directory = join(root(), `${functionName}-${hash}`);
      if (existsSync(directory)) return directory;
      // Beside its place first: a process that ends half-way leaves no half of it there.
      const unfinished = `${directory}.new`;
      rmSync(unfinished, { recursive: true, force: true });
      try {
        mkdirSync(unfinished, { recursive: true });
        unzip(archive, unfinished);
        renameSync(unfinished, directory);
        return directory;
      } catch (thrown) {
        rmSync(unfinished, { recursive: true, force: true });
        throw new AwsError(
          'InvalidParameterValueException',
          `Could not unzip uploaded file. Please check your file, then try to upload again. (${(thrown as Error).message})`,
        );
      }
    },
    close() {
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
  };
}
