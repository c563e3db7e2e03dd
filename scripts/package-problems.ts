/** What publint and are-the-types-wrong find in a packed package. */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/**
 * The package is ESM alone, so what only CommonJS and the resolution of TypeScript before 4.7 (`node10`) would
 * meet is left out: `require` of an ES module works from Node 22.12 on, and TypeScript 5.8 knows it.
 */
const RESOLUTIONS = new Set(['node16-esm', 'bundler']);

/** One line a problem; none for a clean package. */
export async function problemsOf(tarball: Uint8Array): Promise<readonly string[]> {
  return [...(await publishingProblems(tarball)), ...(await typeProblems(tarball))];
}

async function publishingProblems(tarball: Uint8Array): Promise<string[]> {
  const copy = new Uint8Array(tarball);
  const { messages, pkg } = await publint({ pack: { tarball: copy.buffer } });
  return messages.map(
    (message) => `publint ${message.type}: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  );
}

async function typeProblems(tarball: Uint8Array): Promise<string[]> {
  const result = await checkPackage(createPackageFromTarballData(tarball));
  if (result.types === false) return ['are-the-types-wrong: the package has no types'];
  return result.problems
    .filter((problem) => !('resolutionKind' in problem) || RESOLUTIONS.has(problem.resolutionKind))
    .map((problem) => `are-the-types-wrong: ${JSON.stringify(problem)}`);
}
