/** Packs the package and lets publint and are-the-types-wrong look at the file: `npm run package:check`. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedPackedFile } from './packed-file.ts';
import { problemsOf } from './package-problems.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'waybill-pack-'));
try {
  const packed = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', directory], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [{ filename, size, entryCount }] = JSON.parse(packed.slice(packed.indexOf('['))) as [
    { filename: string; size: number; entryCount: number },
  ];
  const shared = sharedPackedFile();
  if (shared !== undefined) {
    mkdirSync(dirname(shared), { recursive: true });
    copyFileSync(join(directory, filename), shared);
  }
  const problems = await problemsOf(readFileSync(join(directory, filename)));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(
    `${filename}: ${entryCount} files, ${(size / 1e6).toFixed(1)} MB packed, ${problems.length} problems\n`,
  );
  if (problems.length > 0) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
